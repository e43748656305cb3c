import { setTimeout as delay } from 'node:timers/promises';
import { inspectMongoStore } from '@stepwell/event-store';
import { loadConfig, StoreConfig, SystemClock } from '@stepwell/platform';
import type { Say } from '../backup/progress';
import { progressTo } from '../backup/progress';
import { counted } from '../doctor/finding';
import { rebuild, unreadableLine } from './rebuild';

export interface RebuildFlags {
  readonly json: boolean;
}

/**
 * Rebuilds what follows from the log, in the store that the environment names. Returns the exit code: 1 when a stream could not be read.
 *
 * @throws ConfigError; what {@link rebuild} throws
 */
export async function rebuildStore({ json }: RebuildFlags, env: NodeJS.ProcessEnv, say: Say): Promise<number> {
  const { mongodbUri: uri, mongodbDatabase: dbName } = loadConfig(StoreConfig, env);
  const clock = new SystemClock();
  const store = await inspectMongoStore({ uri, dbName, clock });
  try {
    const report = await rebuild(store, { clock, pause: (ms) => delay(ms), progress: progressTo(say, !json) });
    const { rows, timers, unreadable } = report;
    if (json) say(JSON.stringify(report, undefined, 2));
    else {
      say(`rebuilt ${counted(rows, 'row')} and ${counted(timers, 'timer')}. Services may start now`);
      if (unreadable.length > 0) say(unreadableLine(unreadable));
    }
    return unreadable.length === 0 ? 0 : 1;
  } finally {
    await store.close();
  }
}
