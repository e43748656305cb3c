import type { Counters } from './engines/engine';
import type { Measurement } from './measure';
import { median, percentile } from './statistics';

const MIB = 1024 * 1024;

/** Of one run, or the medians of several. A unit is what its case counts. */
export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the engine's processes for each unit, in µs; the harness's is apart. */
  readonly cpuUs: number;
  readonly harnessCpuUs: number;
  readonly fsyncs: number | undefined;
  readonly messages: number | undefined;
  readonly writes: number | undefined;
  readonly writeCommands: number | undefined;
  readonly commands: number | undefined;
  /** The most memory that the engine's processes had, each at its own time, in MiB. */
  readonly peakMib: number;
  /** Of the machine, in percent. */
  readonly foreignPercent: number;
  readonly shed: number;
  readonly open: number;
}

/** CPU time of one process for each unit, in µs, and its peak in MiB. */
export interface ProcessFigures {
  readonly name: string;
  readonly part: 'engine' | 'harness';
  readonly cpuUs: number;
  readonly peakMib: number;
}

export function figuresOf(measurement: Measurement): Figures {
  const { ms, units, latenciesMs, usage, foreignShare, counted, shed, open } = measurement;
  const of = (part: 'engine' | 'harness') => usage.filter((each) => each.part === part);
  const cpuUs = (part: 'engine' | 'harness') => (sum(of(part).map(({ cpuMs }) => cpuMs)) * 1000) / units;
  const each = (name: keyof Counters): number | undefined => {
    const count = counted[name];
    return count === undefined ? undefined : count / units;
  };
  return {
    perSecond: (units * 1000) / ms,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    cpuUs: cpuUs('engine'),
    harnessCpuUs: cpuUs('harness'),
    fsyncs: each('fsyncs'),
    messages: each('messages'),
    writes: each('writes'),
    writeCommands: each('writeCommands'),
    commands: each('commands'),
    peakMib: sum(of('engine').map(({ peakBytes }) => peakBytes)) / MIB,
    foreignPercent: foreignShare * 100,
    shed,
    open,
  };
}

/** Of each figure by itself: the median of a ratio needn't be the ratio of medians. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const of = (name: keyof Figures): number => median(runs.map((run) => run[name] ?? NaN));
  const known = (name: keyof Figures): number | undefined =>
    runs.some((run) => run[name] === undefined) ? undefined : of(name);
  return {
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuUs: of('cpuUs'),
    harnessCpuUs: of('harnessCpuUs'),
    fsyncs: known('fsyncs'),
    messages: known('messages'),
    writes: known('writes'),
    writeCommands: known('writeCommands'),
    commands: known('commands'),
    peakMib: of('peakMib'),
    foreignPercent: of('foreignPercent'),
    shed: of('shed'),
    open: of('open'),
  };
}

/** Processes of one name count as one. Medians over the runs, in the order of the first. */
export function processesOf(runs: readonly Pick<Measurement, 'usage' | 'units'>[]): ProcessFigures[] {
  const [first] = runs;
  const names = new Map(first?.usage.map(({ name, part }) => [name, part]));
  return [...names].map(([name, part]) => {
    const named = runs.map(({ usage, units }) => ({ units, usage: usage.filter((each) => each.name === name) }));
    return {
      name,
      part,
      cpuUs: median(named.map(({ usage, units }) => (sum(usage.map(({ cpuMs }) => cpuMs)) * 1000) / units)),
      peakMib: median(named.map(({ usage }) => sum(usage.map(({ peakBytes }) => peakBytes)) / MIB)),
    };
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
