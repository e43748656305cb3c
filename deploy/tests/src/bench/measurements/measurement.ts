import type { Counters, Engine, EngineKind } from '../engines/engine';
import { CpuWatch, type Usage } from '../machine/cpu-watch';

export interface Load {
  readonly seconds: number;
  readonly steps: number;
  readonly inFlight: number;
  /** As in `EngineKind.start`. */
  readonly profileTo?: string;
}

/** An engine that was started on fresh data for one measurement. */
export interface Stage {
  readonly kind: EngineKind;
  readonly engine: Engine;
  readonly load: Load;
}

/** What one run of a case on one engine showed. */
export interface Measurement {
  /** When it began, in µs of the machine's monotonic clock, and for how long. */
  readonly openedAtUs: number;
  readonly ms: number;
  /** What was done meanwhile, in units of the case. */
  readonly units: number;
  readonly latenciesMs: readonly number[];
  readonly usage: readonly Usage[];
  /** Of the whole machine, by processes that don't belong to the measurement: from 0 to 1. */
  readonly foreignShare: number;
  /** What was added to each counter. */
  readonly counted: Counters;
  /** What the case alone has, by its own names. */
  readonly values: Readonly<Record<string, number>>;
  /** Of a quantity that changes within one measurement: what it changes with, and the quantity. */
  readonly curve?: readonly Point[];
}

export type Point = readonly [x: number, y: number];

export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);

/** Looks at all processes that belong to it from now on. */
export const watching = (engine: Engine): CpuWatch =>
  new CpuWatch([...engine.processes, { name: 'driver', pid: process.pid, part: 'harness' }]);
