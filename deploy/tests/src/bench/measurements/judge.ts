import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/until';
import type { Engine, EngineKind } from '../engines/engine';
import type { Work } from '../work/work';
import { type Expected, problemsOf } from '../work/verdict';

const DONE_WITHIN_MS = 900_000;
const A_CALL_TOO_MANY_WITHIN_MS = 200;

/** So many runs of a kind, all of which have ended. */
export function allOf(runs: number, kind: EngineKind, work: Work): Expected {
  const [calls, writes] = [kind.callsPerRun(work), kind.writesPerRun?.(work)];
  return {
    ended: runs,
    executions: runs * work.steps,
    calls: calls === undefined ? undefined : runs * calls,
    writes: writes === undefined ? undefined : runs * writes,
  };
}

/** So many runs that have begun with a sleep, and still sleep: started, called once, their sleep recorded. */
export const asleep = (runs: number, kind: EngineKind): Expected => ({
  ended: 0,
  executions: 0,
  calls: runs,
  writes: kind.writesPerRun === undefined ? undefined : runs * 2,
});

/** Both together. */
export const plus = (a: Expected, b: Expected): Expected => ({
  ended: a.ended + b.ended,
  executions: a.executions + b.executions,
  calls: sum(a.calls, b.calls),
  writes: sum(a.writes, b.writes),
});

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;

/** Knows what an engine has done since it was started. */
export class Judge {
  private constructor(
    private readonly kind: EngineKind,
    private readonly engine: Engine,
    private readonly writesBefore: number,
  ) {}

  /** To be asked for before there is any work. */
  static async of(kind: EngineKind, engine: Engine): Promise<Judge> {
    return new Judge(kind, engine, (await engine.counters()).writes ?? 0);
  }

  /** Entries in the engine's log; 0 when it doesn't tell. */
  async writes(): Promise<number> {
    const { writes = 0 } = await this.engine.counters();
    return writes - this.writesBefore;
  }

  /** Resolves when as much has been called, ended and recorded: what is told in an answer is recorded a moment later. */
  async done({ ended, calls = 0, writes = 0 }: Expected): Promise<void> {
    await until(
      `the app has seen the end of ${ended} runs in ${calls} calls`,
      async () => {
        const totals = await this.engine.app.totals();
        return totals.ended >= ended && totals.calls >= calls;
      },
      DONE_WITHIN_MS,
    );
    await until(`${writes} entries are in the log`, async () => (await this.writes()) >= writes, DONE_WITHIN_MS);
  }

  /** @throws Error when the work isn't right: its figures are none */
  async judge(expected: Expected): Promise<void> {
    await delay(A_CALL_TOO_MANY_WITHIN_MS);
    const totals = await this.engine.app.totals();
    const problems = problemsOf({ ...totals, writes: await this.writes() }, expected);
    if (problems.length > 0) throw new Error(`${this.kind.name} did wrong work:\n${problems.join('\n')}`);
  }
}
