import { driverRuntime, ensureReplicaSetOfOne } from '@stepwell/event-store';
import { resolveMongod, startMongod } from '@stepwell/platform';
import type { Connection } from 'mongoose';
import { createConnection } from 'mongoose';
import { join } from 'node:path';

/** Looks into the database that a stopped `stepwell dev` has left, with a mongod of its own. */
export async function inStoppedStore<Found>(
  dataDir: string,
  look: (connection: Connection) => Promise<Found>,
): Promise<Found> {
  const mongod = await resolveMongod();
  if (mongod.kind !== 'binary') throw new Error('the data folder needs a mongod of its own');
  const server = await startMongod({
    binary: mongod.path,
    dataDir: join(dataDir, 'mongodb'),
    ensureReplicaSet: ensureReplicaSetOfOne,
  });
  try {
    return await inStore(server.uri, look);
  } finally {
    await server.stop();
  }
}

/** Looks into the database of one that runs. */
export async function inStore<Found>(
  uri: string,
  look: (connection: Connection) => Promise<Found>,
  dbName = 'stepwell',
): Promise<Found> {
  const connection = await createConnection(uri, { ...driverRuntime, dbName }).asPromise();
  try {
    return await look(connection);
  } finally {
    await connection.close();
  }
}
