import type { Connection } from 'mongoose';
import { NewerStore, STORE_SCHEMA_VERSION } from '../store';
import { JOURNALED } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

interface StoreMetadata {
  readonly _id: 'store';
  /** Raised by a restore (E2). */
  readonly epoch: number;
  readonly schemaVersion: number;
  readonly createdAt: Date;
}

/** Reads what the store says of itself, having made it if there was none. @throws NewerStore */
export async function prepareMetadata(connection: Connection): Promise<StoreMetadata> {
  const metadata = nativeCollection<StoreMetadata>(connection, 'metadata');
  const stored = await metadata.findOneAndUpdate(
    { _id: 'store' },
    { $setOnInsert: { epoch: 1, createdAt: new Date() }, $max: { schemaVersion: STORE_SCHEMA_VERSION } },
    { upsert: true, returnDocument: 'after', writeConcern: JOURNALED },
  );
  if (stored === null) throw new Error('the store has no metadata');
  if (stored.schemaVersion > STORE_SCHEMA_VERSION) throw new NewerStore(stored.schemaVersion, STORE_SCHEMA_VERSION);
  return stored;
}
