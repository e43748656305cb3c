/**
 * Servers shared by all specs of one Jest run, whichever process they run in.
 *
 * 1. Started by the first who asks, once; a dead one is replaced for the next who asks.
 * 2. Its life is bounded by the run's (jest/test-run.cjs), not by the worker that happened to start it.
 * 3. Its data is nobody's afterwards: it is killed without grace, and its folder removed.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, type EmbeddedServer, type ServerBounds, waitForLock } from '@stepwell/platform';

export interface SharedServer {
  readonly pid: number;
  readonly port: number;
}

export type StartShared = (dataDir: string, bounds: ServerBounds) => Promise<EmbeddedServer>;

export async function sharedServer(name: string, start: StartShared): Promise<SharedServer> {
  const folder = testRunDir();
  const record = join(folder, `${name}.json`);
  const lock = await waitForLock(join(folder, `${name}.lock`), () => undefined);
  try {
    const running = await readRecord(record);
    if (running !== undefined && isAlive(running.pid)) return running;
    const dataDir = await mkdtemp(join(folder, `${name}-`));
    const lifeline = join(folder, 'lifeline');
    const { pid, port } = await start(dataDir, { lifeline, removeAfterwards: dataDir, graceMs: 0 });
    await writeFile(record, JSON.stringify({ pid, port }));
    return { pid, port };
  } finally {
    lock.release();
  }
}

/** The folder of this Jest run; removed at its end. */
export function testRunDir(): string {
  const folder = process.env['STEPWELL_TEST_RUN_DIR'];
  if (folder === undefined)
    throw new Error("Jest's globalSetup of @stepwell/testing did not run: see jest.config.cjs.");
  return folder;
}

async function readRecord(file: string): Promise<SharedServer | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SharedServer);
}
