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
  /** Which step of its run each of these was to. */
  readonly stepNumbers: readonly number[];
  /** From a run's first call to its end in the app. */
  readonly runMs: readonly number[];
  /** How much later than it was due each sleep ended. */
  readonly lateMs: readonly number[];
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
 * 1. A run's steps are executed each once: in order, unless they are side by side.
 * 2. A run ends once, after all its steps, with the result that is known beforehand.
 * 3. No sleep ends early.
 */
export class Journal {
  private readonly live = new Map<string, Live>();
  private readonly complaints: string[] = [];
  private calls = 0;
  private executions = 0;
  private endedCount = 0;
  private before = { calls: 0, executions: 0 };
  private times = noTimes();

  /** @param onEnded is told of every end. @param now ms since 1970, as the engine's clock has it */
  constructor(
    private readonly onEnded: (ended: Ended) => void,
    private readonly now: () => number = () => performance.timeOrigin + performance.now(),
  ) {}

  called(): void {
    this.calls += 1;
  }

  /** Whoever works on a run says so, as often as it is called for it. */
  began({ id, sleep }: RunOrder): void {
    if (this.live.has(id)) return;
    const at = this.now();
    const dueAt = sleep === undefined ? undefined : 'untilS' in sleep ? sleep.untilS * 1000 : at + sleep.forS * 1000;
    this.live.set(id, { begunAt: at, at, dueAt, executed: new Set() });
  }

  executed(order: RunOrder, step: number): void {
    this.began(order);
    this.executions += 1;
    const run = this.live.get(order.id)!;
    const at = this.now();
    if (run.executed.size === 0) this.wokeUp(order, run, at);
    else if (order.isFanOut === undefined) {
      this.times.stepMs.push(at - run.at);
      this.times.stepNumbers.push(step);
    }
    const expected = run.executed.size + 1;
    if (order.isFanOut ? run.executed.has(step) : step !== expected)
      this.complain(`${order.id}: step ${step} is executed where ${expected} was to be`);
    run.executed.add(step);
    run.at = at;
  }

  ended(order: RunOrder, result: number): void {
    const { id, steps } = order;
    this.endedCount += 1;
    const run = this.live.get(id);
    if (run) this.times.runMs.push(this.now() - run.begunAt);
    const executed = run?.executed.size ?? 0;
    this.live.delete(id);
    const expected = runResult(order);
    if (executed !== steps) this.complain(`${id} ends after ${executed} of ${steps} steps`);
    if (result !== expected) this.complain(`${id} ends with ${result} instead of ${expected}`);
    this.onEnded({ id, result });
  }

  complain(text: string): void {
    if (this.complaints.length < COMPLAINTS_KEPT) this.complaints.push(text);
  }

  openWindow(): void {
    this.before = { calls: this.calls, executions: this.executions };
    this.times = noTimes();
  }

  get window(): Window {
    const { calls, executions, before, times } = this;
    return { calls: calls - before.calls, executions: executions - before.executions, ...times };
  }

  get totals(): Totals {
    const { calls, executions, endedCount: ended, complaints } = this;
    return { calls, executions, ended, complaints };
  }

  private wokeUp({ id }: RunOrder, { dueAt }: Live, at: number): void {
    if (dueAt === undefined) return;
    if (at < dueAt) this.complain(`${id} woke up ${(dueAt - at).toFixed(1)} ms early`);
    this.times.lateMs.push(at - dueAt);
  }
}

interface Live {
  readonly begunAt: number;
  readonly dueAt: number | undefined;
  readonly executed: Set<number>;
  /** When a step of it was executed last. */
  at: number;
}

const noTimes = () => ({
  stepMs: [] as number[],
  stepNumbers: [] as number[],
  runMs: [] as number[],
  lateMs: [] as number[],
});
