import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/until';
import type { Engine } from '../engines/engine';
import type { Usage } from '../machine/cpu-watch';
import { Orders } from '../work/orders';
import type { Work } from '../work/work';
import { allOf, asleep, Judge, plus } from './judge';
import { type Measurement, monotonicUs, type Stage, watching } from './measurement';
import { startAll } from './start-all';

const WARM_UP_RUNS = 200;
const SETTLED_AFTER_MS = 5_000;
const A_DAY_S = 86_400;
const PROGRESS_WITHIN_MS = 180_000;

/** As many runs as are in flight, all of which sleep for a day: what they take, and how soon the engine goes on when it is started again. */
export async function measureSleepers({ kind, engine, load }: Stage): Promise<Measurement> {
  const { inFlight } = load;
  const judge = await Judge.of(kind, engine);
  const trial: Work = { steps: 1, sleep: { forS: 1 } };
  await startAll(engine, new Orders(trial, 'warm-up'), WARM_UP_RUNS);
  const before = allOf(WARM_UP_RUNS, kind, trial);
  await judge.done(before);
  await delay(SETTLED_AFTER_MS);
  const idle = watching(engine).read().usage;

  const watch = watching(engine);
  const openedAtUs = monotonicUs();
  const untilS = Math.ceil(Date.now() / 1000) + A_DAY_S;
  const acceptedPerSecond = await startAll(engine, new Orders({ steps: 1, sleep: { untilS } }), inFlight);
  const sleeping = plus(before, asleep(inFlight, kind));
  await judge.done(sleeping);
  const ms = (monotonicUs() - openedAtUs) / 1000;
  await delay(SETTLED_AFTER_MS);
  const used = watch.read();

  const restarts: Record<string, number> = {};
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const progressMs = await progressAfter(signal, engine, judge);
    if (progressMs !== undefined) restarts[signal] = progressMs;
  }
  const expected = plus(sleeping, allOf(Object.keys(restarts).length, kind, trial));
  await judge.done(expected);
  await judge.judge(expected);
  const values = {
    acceptedPerSecond,
    grownBytes: rssOf(used.usage) - rssOf(idle),
    ownGrownBytes: rssOf(used.usage.filter(isOwn)) - rssOf(idle.filter(isOwn)),
    ...restarts,
  };
  return { openedAtUs, ms, units: inFlight, latenciesMs: [], ...used, counted: {}, values };
}

/** From when its processes are started again until a run goes on that became due meanwhile. Undefined: it isn't started again. */
async function progressAfter(signal: 'SIGTERM' | 'SIGKILL', engine: Engine, judge: Judge): Promise<number | undefined> {
  if (engine.end === undefined) return undefined;
  const dueS = Math.ceil(Date.now() / 1000) + 2;
  const order = new Orders({ steps: 1, sleep: { untilS: dueS } }, signal).next();
  const { calls } = await engine.app.totals();
  const writes = await judge.writes();
  let hasEnded = false;
  void engine.app.ended(order.id).then(() => {
    hasEnded = true;
  });
  while ((await engine.accept(order)) === 'shed');
  await until(
    'a run is asleep that is due soon',
    async () => (await engine.app.totals()).calls > calls && (await judge.writes()) >= writes + 2,
  );
  const start = await engine.end(signal);
  await delay(Math.max(0, dueS * 1000 - Date.now()));
  const begunAt = performance.now();
  start();
  await until(`it has gone on after ${signal}`, () => hasEnded, PROGRESS_WITHIN_MS);
  return performance.now() - begunAt;
}

const isOwn = ({ part, isServer }: Usage): boolean => part === 'engine' && isServer === undefined;
const rssOf = (usage: readonly Usage[]): number =>
  usage.filter(({ part }) => part === 'engine').reduce((all, { rssBytes }) => all + rssBytes, 0);
