import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { inStoppedStore } from './stopped-store';

/** What the truth consists of (architecture.md L1, L5). Everything else has to come back from it. */
const TRUTH: readonly string[] = ['log', 'blobs'];

/**
 * Takes from a stopped `stepwell dev` everything but its log: rows, timers, checkpoints, members, the store's own metadata, and all of
 * NATS.
 * @returns how many documents of each dropped collection are gone, by name
 */
export async function forgetAllButTheLog(dataDir: string): Promise<Readonly<Record<string, number>>> {
  rmSync(join(dataDir, 'nats'), { recursive: true });
  return inStoppedStore(dataDir, async (connection) => {
    const gone: Record<string, number> = {};
    for (const { name } of await connection.listCollections()) {
      if (TRUTH.includes(name)) continue;
      gone[name] = await connection.collection(name).countDocuments();
      await connection.dropCollection(name);
    }
    return gone;
  });
}
