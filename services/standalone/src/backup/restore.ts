import type { Clock } from '@stepwell/core';
import type { BackupManifest } from '@stepwell/event-store';
import { inspectMongoStore, MongoRestore, verifyBackup } from '@stepwell/event-store';
import type { RebuildReport } from '../rebuild/rebuild';
import { rebuildAll } from '../rebuild/rebuild';
import { BrokerEpoch } from './broker.epoch';
import type { Say } from './progress';
import type { RestoreConfig } from './restore.config';

/*
 * `stepwell restore`: a store from a backup.
 *
 * 1. All of the backup is verified before anything is written.
 * 2. Only into an empty database; nothing is overwritten, ever.
 * 3. The epoch is new to NATS too, and NATS is rid of older ones before any service can start.
 * 4. Until the very end the store says that it is unfinished, and no service takes it.
 */
export interface Restored {
  readonly manifest: BackupManifest;
  readonly epoch: number;
  readonly rebuilt: RebuildReport;
}

/** @throws UnusableBackup, DatabaseNotEmpty; when a server can't be reached. What was begun then has to be dropped. */
export async function restore(config: RestoreConfig, folder: string, clock: Clock, progress: Say): Promise<Restored> {
  const place = { uri: config.mongodbUri, dbName: config.mongodbDatabase, clock };
  const manifest = await verifyBackup(folder);
  const broker = config.natsUrls.length === 0 ? undefined : new BrokerEpoch(config);
  const target = await MongoRestore.open(place);
  try {
    const epoch = broker ? await broker.above(manifest.epoch) : manifest.epoch + 1;
    await target.begin(manifest, epoch);
    await target.write(folder, manifest, (documents) => {
      progress(`restored ${documents} documents`);
    });
    const store = await inspectMongoStore(place);
    let rebuilt: RebuildReport;
    try {
      rebuilt = await rebuildAll(store, progress);
    } finally {
      await store.close();
    }
    await broker?.begin(epoch);
    await target.finish();
    return { manifest, epoch, rebuilt };
  } finally {
    await target.close();
  }
}
