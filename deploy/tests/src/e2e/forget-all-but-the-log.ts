import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import { resolveMongod, startMongod } from '@stepwell/platform';
import { createConnection } from 'mongoose';
import { rmSync } from 'node:fs';
import * as os from 'node:os';
import { join } from 'node:path';

/** What the truth consists of (architecture.md L1, L5). Everything else has to come back from it. */
const TRUTH: readonly string[] = ['log', 'blobs'];

/**
 * Takes from a stopped `stepwell dev` everything but its log: rows, timers, checkpoints, members, the store's own metadata, and all of
 * NATS.
 * @returns how many documents of each dropped collection are gone, by name
 */
export async function forgetAllButTheLog(dataDir: string): Promise<Readonly<Record<string, number>>> {
  rmSync(join(dataDir, 'nats'), { recursive: true });
  const mongod = await resolveMongod();
  if (mongod.kind !== 'binary') throw new Error('the data folder needs a mongod of its own');
  const server = await startMongod({
    binary: mongod.path,
    dataDir: join(dataDir, 'mongodb'),
    ensureReplicaSet: ensureReplicaSetOfOne,
  });
  try {
    // The driver's own dynamic `import('os')` fails inside of Jest.
    const options = { dbName: 'stepwell', runtimeAdapters: { os } };
    const connection = await createConnection(server.uri, options).asPromise();
    const gone: Record<string, number> = {};
    for (const { name } of await connection.listCollections()) {
      if (TRUTH.includes(name)) continue;
      gone[name] = await connection.collection(name).countDocuments();
      await connection.dropCollection(name);
    }
    await connection.close();
    return gone;
  } finally {
    await server.stop();
  }
}
