import { countedSince } from '../engines/engine';
import { completeRun } from './complete-run';
import { Orders } from '../work/orders';
import type { Work } from '../work/work';
import { curveOf } from './curve';
import { allOf, Judge, plus } from './judge';
import { type Measurement, monotonicUs, type Stage, watching } from './measurement';

/** Steps that make one point of the curve. */
const STEPS_A_POINT = 100;
/** Short runs before: the first steps of a process are not the first steps of a run. */
const WARM_UP_RUNS = 30;
const WARM_UP_STEPS = 10;

/** As many runs as are in flight, each from its first step to its last, however long it takes. */
export async function measureWhole({ kind, engine, load }: Stage, work: Work): Promise<Measurement> {
  const judge = await Judge.of(kind, engine);
  const warmUp = { ...work, steps: WARM_UP_STEPS };
  const before = new Orders(warmUp, 'warm-up');
  for (let run = 0; run < WARM_UP_RUNS; run += 1) await completeRun(engine, before.next());
  const counters = await engine.counters();
  const watch = watching(engine);
  await engine.app.openWindow();
  const openedAtUs = monotonicUs();
  const orders = new Orders(work);
  await Promise.all(Array.from({ length: load.inFlight }, () => completeRun(engine, orders.next())));
  const ms = (monotonicUs() - openedAtUs) / 1000;
  const used = watch.read();
  const app = await engine.app.window();
  const counted = countedSince(counters, await engine.counters());
  const warm = allOf(WARM_UP_RUNS, kind, warmUp);
  const expected = plus(warm, allOf(load.inFlight, kind, work));
  await judge.done(expected);
  await judge.judge(expected);
  const curve = curveOf(app, work.steps, STEPS_A_POINT);
  const [first, last] = [curve.at(0)?.[1], curve.at(-1)?.[1]];
  const values = { first: first ?? NaN, last: last ?? NaN };
  return { openedAtUs, ms, units: app.executions, latenciesMs: app.stepMs, ...used, counted, values, curve };
}
