import type { BackupManifest } from '@stepwell/event-store';
import { backUpMongoStore } from '@stepwell/event-store';
import { loadConfig, StoreConfig, SystemClock } from '@stepwell/platform';
import type { Say } from './progress';
import { progressTo } from './progress';

export interface BackupFlags {
  /** Folder, made or empty. */
  readonly out: string;
  readonly json: boolean;
}

/**
 * Backs up what the environment names, into a folder.
 *
 * @throws ConfigError; what {@link backUpMongoStore} throws
 */
export async function backUp({ out, json }: BackupFlags, env: NodeJS.ProcessEnv, say: Say): Promise<void> {
  const { mongodbUri: uri, mongodbDatabase: dbName } = loadConfig(StoreConfig, env);
  const progress = progressTo(say, !json);
  const manifest = await backUpMongoStore({ uri, dbName, clock: new SystemClock() }, out, ({ documents, entries }) => {
    progress(`backed up ${documents} documents; the log has ${entries} entries`);
  });
  if (json) say(JSON.stringify({ folder: out, ...totalsOf(manifest), ...manifest }, undefined, 2));
  else say(`backed up into ${out}: ${described(manifest)}`);
}

/** In documents, and compressed bytes. */
export function totalsOf({ files }: BackupManifest) {
  const sum = (holds: 'log' | 'blobs'): number =>
    files.reduce((total, file) => total + (file.holds === holds ? file.documents : 0), 0);
  return { entries: sum('log'), blobParts: sum('blobs'), bytes: files.reduce((total, { bytes }) => total + bytes, 0) };
}

/** For people. */
export function described(manifest: BackupManifest): string {
  const { entries, blobParts, bytes } = totalsOf(manifest);
  return `${entries} entries and ${blobParts} parts of blobs as of ${manifest.createdAt}, ${bytes} bytes`;
}
