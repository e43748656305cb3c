import { verifyBackup } from '@stepwell/event-store';
import { loadConfig, SystemClock } from '@stepwell/platform';
import { counted } from '../doctor/finding';
import { unreadableLine } from '../rebuild/rebuild';
import { described, totalsOf } from './backup.command';
import type { Say } from './progress';
import { progressTo } from './progress';
import { restore } from './restore';
import { RestoreConfig } from './restore.config';

export interface RestoreFlags {
  /** Folder that a backup is in. */
  readonly from: string;
  /** Verify it, and write nothing. */
  readonly check: boolean;
  /** There is no NATS whose work could be stale. */
  readonly withoutNats: boolean;
  readonly json: boolean;
}

/**
 * Restores a backup into the empty database that the environment names, or only looks whether it could be restored.
 *
 * @throws ConfigError, UnusableBackup, DatabaseNotEmpty; when a server can't be reached; when neither NATS nor its absence is named
 */
export async function restoreFrom(flags: RestoreFlags, env: NodeJS.ProcessEnv, say: Say): Promise<void> {
  const { from, json } = flags;
  if (flags.check) {
    const manifest = await verifyBackup(from);
    say(json ? JSON.stringify({ usable: true, ...totalsOf(manifest) }) : `a whole backup: ${described(manifest)}`);
    return;
  }
  const config = loadConfig(RestoreConfig, env);
  if (config.natsUrls.length === 0 && !flags.withoutNats) {
    throw new Error(
      'STEPWELL_NATS_URL is not set: what NATS holds would be taken for work of the restored store. Name it, or say --without-nats where there is none (one process) or its data folder is empty',
    );
  }
  const { manifest, epoch, rebuilt } = await restore(config, from, new SystemClock(), progressTo(say, !json));
  const { rows, timers, unreadable } = rebuilt;
  if (json) {
    say(JSON.stringify({ ...totalsOf(manifest), createdAt: manifest.createdAt, epoch, ...rebuilt }, undefined, 2));
    return;
  }
  say(`restored ${described(manifest)}`);
  say(`made ${counted(rows, 'row')} and ${counted(timers, 'timer')}; the epoch is ${epoch}. Services may start now`);
  if (unreadable.length > 0) say(unreadableLine(unreadable));
}
