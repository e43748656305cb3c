import { until } from '../../e2e/until';
import { countedSince, type Engine } from '../engines/engine';
import { ClosedLoop } from '../work/closed-loop';
import type { Window } from '../work/journal';
import { Orders } from '../work/orders';
import type { RunOrder, Work } from '../work/work';
import { allOf, Judge } from './judge';
import { type Measurement, monotonicUs, type Stage, watching } from './measurement';

export interface WindowPlan {
  readonly work: Work;
  /** One run's part of it; the next follows when it resolves. @throws Error when the engine can't, or its result is wrong */
  turn(engine: Engine, order: RunOrder, tally: Tally): Promise<void>;
  /** What was done in the window. @param turnMs how long each turn took that was done in it */
  done(app: Window, turnMs: readonly number[]): Done;
}

interface Done {
  /** How many units. */
  readonly units: number;
  readonly latenciesMs: readonly number[];
}

/** What turns count. */
interface Tally {
  /** Starts that were refused for load, and tried again. */
  shed: number;
}

/** Before the window opens, for code to be compiled and caches to be filled: that share of its time, and no less than that. */
const WARM_UP_SHARE = 0.4;
const LEAST_WARM_UP_MS = 2_000;
const UNDER_WAY_WITHIN_MS = 300_000;
const LOOK_AGAIN_MS = 100;
const DRAINED_WITHIN_MS = 900_000;

/**
 * As many runs in flight as wanted, all the time: warm-up, window, then no new runs until the last has ended; only then is it known whether
 * the work was right.
 *
 * @throws Error when a run failed, or when steps, calls or results are not what they have to be: such figures are none
 */
export async function measureWindow({ kind, engine, load }: Stage, plan: WindowPlan): Promise<Measurement> {
  const { seconds, inFlight } = load;
  const judge = await Judge.of(kind, engine);
  const tally = { shed: 0 };
  const orders = new Orders(plan.work);
  const loop = new ClosedLoop(inFlight, orders, (order) => plan.turn(engine, order, tally));
  await loop.during(Math.max(LEAST_WARM_UP_MS, seconds * 1000 * WARM_UP_SHARE));
  // Of ten thousand, the last is started when others have long ended: until then there are fewer in flight than wanted.
  const giveUpAt = performance.now() + UNDER_WAY_WITHIN_MS;
  while ((await engine.app.totals()).calls < inFlight) {
    if (performance.now() > giveUpAt)
      throw new Error(`${kind.name}: ${inFlight} runs are not under way after ${UNDER_WAY_WITHIN_MS / 1000} s`);
    await loop.during(LOOK_AGAIN_MS);
  }

  const before = await engine.counters();
  const shedBefore = tally.shed;
  const watch = watching(engine);
  await engine.app.openWindow();
  loop.openWindow();
  const openedAtUs = monotonicUs();
  await loop.during(seconds * 1000);
  const ms = (monotonicUs() - openedAtUs) / 1000;
  const turnMs = [...loop.window];
  const app = await engine.app.window();
  const used = watch.read();
  const counted = countedSince(before, await engine.counters());
  const open = orders.count - (await engine.app.totals()).ended;
  const shed = tally.shed - shedBefore;

  await drain(loop);
  const expected = allOf(orders.count, kind, plan.work);
  await judge.done(expected);
  await judge.judge(expected);
  return { openedAtUs, ms, ...plan.done(app, turnMs), ...used, counted, values: { shed, open } };
}

async function drain(loop: ClosedLoop): Promise<void> {
  let isDone = false;
  const stopped = loop.stop().finally(() => {
    isDone = true;
  });
  await Promise.race([stopped, until('all runs have ended', () => isDone, DRAINED_WITHIN_MS)]);
}
