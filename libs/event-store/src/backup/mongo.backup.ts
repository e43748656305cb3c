import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTITIONS } from '@stepwell/core';
import type { Connection } from 'mongoose';
import type { LogDocument } from '../log/log-driver';
import { entryId, positionOf } from '../log/log-position';
import { connectOnce, type MongoPlace } from '../mongo/connect-once';
import { MAJORITY } from '../mongo/mongo.concerns';
import { assertFinished } from '../mongo/mongo.metadata';
import { nativeCollection } from '../mongo/mongo.schemas';
import { BACKUP_FORMAT, type BackupFile, type BackupManifest, writeManifest } from './backup.manifest';
import { type StoredDocument, writeDocuments } from './document.file';
import { AS_STORED, type Cut, cutOf } from './mongo.cut';

export interface BackupProgress {
  readonly documents: number;
  /** Of the log; blobs are not counted beforehand. */
  readonly entries: number;
}

/**
 * Writes a backup of a store, while services work on it or while they don't, into a folder that is made or is empty.
 *
 * What is in it: the log, blobs, and how far effects are settled (else every completion that ever was would be announced again). Not in it
 * is what follows from the log (rows, timers), and who is there (members). Blobs may be in it that no entry of it names, as in any store.
 *
 * @throws when the folder isn't empty; UnfinishedStore; when a position is missing in the log; when the server can't be reached
 */
export async function backUpMongoStore(
  place: MongoPlace,
  folder: string,
  onProgress: (progress: BackupProgress) => void = () => undefined,
): Promise<BackupManifest> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: a backup has a folder of its own`);
  const connection = await connectOnce(place);
  try {
    const createdAt = new Date(place.clock.nowMs()).toISOString();
    const cut = await cutOf(connection.mongoose);
    const { metadata, eventSchema } = cut;
    if (!metadata) throw new Error(`no service was ever started on the database ${place.dbName}: nothing to back up`);
    assertFinished(metadata);
    const files = await writeFiles(connection.mongoose, folder, cut, onProgress);
    const { schemaVersion, epoch, createdAt: storeCreatedAt } = metadata;
    const manifest: BackupManifest = {
      ...{ format: BACKUP_FORMAT, createdAt, schemaVersion, eventSchema, epoch },
      ...{ storeCreatedAt: storeCreatedAt.toISOString(), files },
    };
    await writeManifest(folder, manifest);
    return manifest;
  } finally {
    await connection.close();
  }
}

async function writeFiles(
  connection: Connection,
  folder: string,
  { tails, checkpoints }: Cut,
  onProgress: (progress: BackupProgress) => void,
): Promise<BackupFile[]> {
  const entries = tails.reduce((sum, tail) => sum + tail, 0);
  const files: BackupFile[] = [];
  let documents = 0;
  const write = async (name: string, found: Parameters<typeof writeDocuments>[1]) => {
    const written = { name, ...(await writeDocuments(join(folder, name), found)) };
    documents += written.documents;
    onProgress({ documents, entries });
    return written;
  };
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const tail = tails[partition] ?? 0;
    const name = `log-${String(partition).padStart(2, '0')}.ndjson.gz`;
    files.push({ ...(await write(name, entriesUpTo(connection, partition, tail))), holds: 'log', partition, tail });
  }
  // After the cut: a blob is stored before the entry that names it (L5).
  files.push({ ...(await write('blobs.ndjson.gz', allBlobs(connection))), holds: 'blobs' });
  files.push({ ...(await write('checkpoints.ndjson.gz', checkpoints)), holds: 'checkpoints' });
  return files;
}

/** @throws when a position is missing */
async function* entriesUpTo(connection: Connection, partition: number, tail: number): AsyncIterable<StoredDocument> {
  const range = { $gte: entryId(partition, 0), $lte: entryId(partition, tail) };
  const found = nativeCollection<LogDocument>(connection, 'log').find(
    { _id: range },
    { sort: { _id: 1 }, readConcern: MAJORITY, ...AS_STORED },
  );
  let next = 1;
  for await (const document of found) {
    const { _id }: StoredDocument = document;
    if (positionOf(partition, Number(_id)) !== next) break;
    yield document;
    next += 1;
  }
  if (next <= tail)
    throw new Error(
      `position ${next} of partition ${partition} is missing in the log: a backup of it can’t be restored`,
    );
}

function allBlobs(connection: Connection): AsyncIterable<StoredDocument> {
  const blobs = nativeCollection<{ _id: string }>(connection, 'blobs');
  return blobs.find({}, { sort: { _id: 1 }, readConcern: MAJORITY, ...AS_STORED });
}
