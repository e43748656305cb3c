import type { Figure, ProcessFigure } from '../figures';
import type { Measurement, Stage } from '../measurements/measurement';

/** What is asked of the engines, what is measured of it and how that is shown. One file is one case, and one line in `index.ts`. */
export interface BenchCase {
  /** As in `--case` and in the tables. */
  readonly name: string;
  /** What is done and what its figures mean, for the results page. */
  readonly about: string;
  /** What is counted, one of it. */
  readonly unit: string;
  /** Unless the command line says otherwise; several are measured one after another. */
  readonly steps: readonly number[];
  readonly inFlight: readonly number[];
  /** The case's load in words. */
  loadText(load: Pick<Stage['load'], 'steps' | 'inFlight' | 'seconds'>): string;
  /** Columns of its table. The first two are told as soon as a run is over. */
  readonly figures: readonly Figure[];
  readonly processFigures: readonly ProcessFigure[];
  /** What is plotted when steps or runs in flight are varied. */
  readonly cost: Figure;
  /** What a measurement's curve is of. */
  readonly curve?: { readonly x: string; readonly y: string };
  /** On an engine that has just been started. @throws Error when it did wrong work */
  measure(stage: Stage): Promise<Measurement>;
}
