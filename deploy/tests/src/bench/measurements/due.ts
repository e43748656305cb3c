import { setTimeout as delay } from 'node:timers/promises';
import { countedSince } from '../engines/engine';
import { Orders } from '../work/orders';
import type { Work } from '../work/work';
import { allOf, asleep, Judge, plus } from './judge';
import { type Measurement, monotonicUs, type Stage, watching } from './measurement';
import { startAll } from './start-all';

/** Runs before, by which it is reckoned how long all starts will take. */
const TRIAL_SHARE = 0.05;
const LEAST_TRIAL = 200;
/** Times of what is reckoned, and seconds on top. */
const PATIENCE = 1.5;
const MARGIN_S = 5;
/** The window opens that long before they are due. */
const AHEAD_MS = 200;

/** As many runs as are in flight, all of which sleep until the same instant. */
export async function measureDue({ kind, engine, load }: Stage): Promise<Measurement> {
  const { inFlight } = load;
  const judge = await Judge.of(kind, engine);
  const trial: Work = { steps: 1, sleep: { forS: 1 } };
  const trials = Math.max(LEAST_TRIAL, Math.round(inFlight * TRIAL_SHARE));
  const perSecond = await startAll(engine, new Orders(trial, 'warm-up'), trials);
  const before = allOf(trials, kind, trial);
  await judge.done(before);

  const untilS = Math.ceil(Date.now() / 1000 + MARGIN_S + (inFlight / perSecond) * PATIENCE);
  const work: Work = { steps: 1, sleep: { untilS } };
  await startAll(engine, new Orders(work), inFlight);
  await judge.done(plus(before, asleep(inFlight, kind)));
  const restMs = untilS * 1000 - Date.now() - AHEAD_MS;
  if (restMs < 0) throw new Error(`${kind.name}: ${inFlight} runs were not asleep by the time they were due`);
  await delay(restMs);

  const counters = await engine.counters();
  const watch = watching(engine);
  await engine.app.openWindow();
  const openedAtUs = monotonicUs();
  const expected = plus(before, allOf(inFlight, kind, work));
  await judge.done(expected);
  const committedMs = Date.now() - untilS * 1000;
  const ms = (monotonicUs() - openedAtUs) / 1000;
  const used = watch.read();
  const { lateMs, executions } = await engine.app.window();
  const counted = countedSince(counters, await engine.counters());
  await judge.judge(expected);
  const values = { firedMs: lateMs.reduce((most, each) => Math.max(most, each), 0), committedMs };
  return { openedAtUs, ms, units: executions, latenciesMs: lateMs, ...used, counted, values };
}
