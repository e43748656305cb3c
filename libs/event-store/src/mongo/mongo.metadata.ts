import type { Connection, mongo } from 'mongoose';
import { NewerStore, STORE_SCHEMA_VERSION, type Unfinished, UnfinishedStore } from '../store';
import { JOURNALED } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

export interface StoreMetadata {
  readonly _id: 'store';
  /** Raised by a restore (E2). */
  readonly epoch: number;
  readonly schemaVersion: number;
  readonly createdAt: Date;
  /** What a tool has begun here and not finished: as long as it is there no service may start. */
  readonly unfinished?: Unfinished;
}

/** Reads what the store says of itself, having made it if there was none. @throws NewerStore, UnfinishedStore */
export async function prepareMetadata(connection: Connection): Promise<StoreMetadata> {
  const stored = await metadataOf(connection).findOneAndUpdate(
    { _id: 'store' },
    { $setOnInsert: { epoch: 1, createdAt: new Date() }, $max: { schemaVersion: STORE_SCHEMA_VERSION } },
    { upsert: true, returnDocument: 'after', writeConcern: JOURNALED },
  );
  if (stored === null) throw new Error('the store has no metadata');
  if (stored.schemaVersion > STORE_SCHEMA_VERSION) throw new NewerStore(stored.schemaVersion, STORE_SCHEMA_VERSION);
  assertFinished(stored);
  return stored;
}

/** @throws UnfinishedStore */
export function assertFinished({ unfinished }: StoreMetadata): void {
  if (unfinished !== undefined) throw new UnfinishedStore(unfinished);
}

/** @throws UnfinishedStore when there is something else to finish */
export async function beginWork(connection: Connection, work: Unfinished): Promise<void> {
  const found = await metadataOf(connection).findOneAndUpdate(
    { _id: 'store', $or: [{ unfinished: work }, { unfinished: { $exists: false } }] },
    { $set: { unfinished: work } },
    { writeConcern: JOURNALED },
  );
  if (found !== null) return;
  const { unfinished } = (await metadataOf(connection).findOne({ _id: 'store' })) ?? {};
  if (unfinished === undefined) throw new Error('no service was ever started on this database');
  throw new UnfinishedStore(unfinished);
}

export async function finishWork(connection: Connection): Promise<void> {
  await metadataOf(connection).updateOne({ _id: 'store' }, { $unset: { unfinished: '' } }, { writeConcern: JOURNALED });
}

export const metadataOf = (connection: Connection): mongo.Collection<StoreMetadata> =>
  nativeCollection<StoreMetadata>(connection, 'metadata');
