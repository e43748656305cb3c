import { type RunOrder, runResult } from './work';

/** Since the app started. */
export interface Totals {
  /** Requests (or invocations) of the engine's to the app. */
  readonly calls: number;
  /** Steps whose function was executed. */
  readonly executions: number;
  readonly ended: number;
  /** The first of what must not happen; empty when all is well. */
  readonly complaints: readonly string[];
}

/** Since the last `openWindow`. */
export interface Window {
  readonly calls: number;
  readonly executions: number;
  /** From each step's execution to that of the next of its run, in ms: the engine's whole work between them. */
  readonly stepMs: readonly number[];
}

export interface Ended {
  readonly id: string;
  readonly result: number;
}

/** Enough to see what is wrong; all of them would be as many as there are runs. */
const COMPLAINTS_KEPT = 10;

/**
 * What the app sees of the engine's work, by itself: it believes nothing.
 *
 * 1. A run's steps are executed in order, each once.
 * 2. A run ends once, after all its steps, with the result that is known beforehand.
 */
export class Journal {
  private readonly live = new Map<string, { step: number; at: number }>();
  private readonly complaints: string[] = [];
  private calls = 0;
  private executions = 0;
  private endedCount = 0;
  private callsBefore = 0;
  private executionsBefore = 0;
  private stepMs: number[] = [];

  /** @param onEnded is told of every end. @param now ms, monotonic */
  constructor(
    private readonly onEnded: (ended: Ended) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  called(): void {
    this.calls += 1;
  }

  executed(id: string, step: number): void {
    this.executions += 1;
    const at = this.now();
    const run = this.live.get(id);
    const expected = (run?.step ?? 0) + 1;
    if (step !== expected) this.complain(`${id}: step ${step} is executed where ${expected} was to be`);
    if (run) this.stepMs.push(at - run.at);
    this.live.set(id, { step, at });
  }

  ended({ id, seed, steps }: RunOrder, result: number): void {
    this.endedCount += 1;
    const executed = this.live.get(id)?.step ?? 0;
    this.live.delete(id);
    const expected = runResult({ seed, steps });
    if (executed !== steps) this.complain(`${id} ends after ${executed} of ${steps} steps`);
    if (result !== expected) this.complain(`${id} ends with ${result} instead of ${expected}`);
    this.onEnded({ id, result });
  }

  complain(text: string): void {
    if (this.complaints.length < COMPLAINTS_KEPT) this.complaints.push(text);
  }

  openWindow(): void {
    this.callsBefore = this.calls;
    this.executionsBefore = this.executions;
    this.stepMs = [];
  }

  get window(): Window {
    const { calls, callsBefore, executions, executionsBefore, stepMs } = this;
    return { calls: calls - callsBefore, executions: executions - executionsBefore, stepMs };
  }

  get totals(): Totals {
    const { calls, executions, endedCount: ended, complaints } = this;
    return { calls, executions, ended, complaints };
  }
}
