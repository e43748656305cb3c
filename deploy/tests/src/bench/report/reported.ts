import type { BenchCase } from '../cases/case';
import type { Measurement } from '../measurements/measurement';

/** An engine's runs of one case. */
export interface ReportedEngine {
  readonly name: string;
  /** Undefined: one of ours. */
  readonly isPeer?: boolean;
  readonly clean: readonly Measurement[];
  readonly disturbed: readonly Measurement[];
}

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** One load, and what the engines showed under it. */
export interface ReportedPoint {
  readonly steps: number;
  readonly inFlight: number;
  readonly seconds: number;
  readonly engines: readonly ReportedEngine[];
}

export interface ReportedCase {
  readonly benchCase: Omit<BenchCase, 'measure' | 'steps' | 'inFlight'>;
  readonly wantedRuns: number;
  /** Who was to be measured, and why it wasn't. */
  readonly leftOut?: readonly LeftOut[];
  /** More than one: something was varied. */
  readonly points: readonly ReportedPoint[];
}

/** All that was wanted, and nothing that was disturbed. */
export const isSound = ({ points, wantedRuns }: ReportedCase): boolean =>
  points.every(({ engines }) => engines.every(({ clean }) => clean.length >= wantedRuns));

/** Figures of disturbed runs are better than none, if they are called so. */
export const shown = ({ clean, disturbed }: ReportedEngine): readonly Measurement[] =>
  clean.length > 0 ? clean : disturbed;
