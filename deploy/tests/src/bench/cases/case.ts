import type { Engine } from '../engines/engine';
import type { Window } from '../work/journal';
import type { RunOrder } from '../work/work';

/** What is asked of the engines. One file is one case, and one line in `index.ts`. */
export interface BenchCase {
  /** As in `--case` and in the tables. */
  readonly name: string;
  /** What is done and what its latency is from and to, for the results page. */
  readonly about: string;
  /** What is counted. */
  readonly unit: 'step' | 'run';
  /** Unless the command line says otherwise. */
  readonly steps: number;
  readonly inFlight: number;
  /** One run's part of it; the next follows when it resolves. @throws Error when the engine can't, or its result is wrong */
  turn(engine: Engine, order: RunOrder, tally: Tally): Promise<void>;
  /** What was done in the window. @param turnMs how long each turn took that was done in it */
  done(app: Window, turnMs: readonly number[]): Done;
}

export interface Done {
  /** How many units. */
  readonly units: number;
  readonly latenciesMs: readonly number[];
}

/** What turns count. */
export interface Tally {
  /** Starts that were refused for load, and tried again. */
  shed: number;
}
