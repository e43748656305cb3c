import { setTimeout as delay } from 'node:timers/promises';
import { type Measurement, monotonicUs, type Stage, watching } from './measurement';

/** What was begun at the start is over by then. */
const SETTLED_AFTER_MS = 10_000;

/** Nothing is asked of the engine. */
export async function measureIdle({ engine, load }: Stage): Promise<Measurement> {
  await delay(SETTLED_AFTER_MS);
  const watch = watching(engine);
  const openedAtUs = monotonicUs();
  await delay(load.seconds * 1000);
  const ms = (monotonicUs() - openedAtUs) / 1000;
  return { openedAtUs, ms, units: 0, latenciesMs: [], ...watch.read(), counted: {}, values: {} };
}
