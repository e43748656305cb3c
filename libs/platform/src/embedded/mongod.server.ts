/**
 * An embedded mongod: a replica set of one, loopback only, small cache.
 *
 * Owns: its start and end. Doesn't own: the talk with it (libs/event-store has the client, and gives `ensureReplicaSet`).
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type EmbeddedServer, type ServerBounds, untilReady } from './embedded-server';
import { ServerStartFailed, startSupervised } from './supervised-process';

export interface EmbeddedMongod extends EmbeddedServer {
  /** Names no database. */
  readonly uri: string;
}

export interface StartMongodOptions extends ServerBounds {
  readonly binary: string;
  /** Made when missing. */
  readonly dataDir: string;
  /**
   * Makes the server that listens on this port of 127.0.0.1 the primary of a replica set of one named `stepwell`, and
   * resolves when it is. `ensureReplicaSetOfOne` of @stepwell/event-store.
   */
  readonly ensureReplicaSet: (port: number) => Promise<void>;
  /** Default 0: the server takes a free one. */
  readonly port?: number;
  /** Default 0.25; what it uses in all is about 0.2 GB more. */
  readonly cacheSizeGB?: number;
}

const REPLICA_SET = 'stepwell';
const EXIT_CODE_FOLDER_UNUSABLE = 100;

/** @throws ServerStartFailed */
export async function startMongod(options: StartMongodOptions): Promise<EmbeddedMongod> {
  const { binary, ensureReplicaSet, port = 0, cacheSizeGB = 0.25, ...bounds } = options;
  const dataDir = resolve(options.dataDir);
  const dbPath = join(dataDir, 'db');
  await mkdir(dbPath, { recursive: true });
  const logFile = join(dataDir, 'mongod.log');
  const server = await startSupervised({
    ...bounds,
    command: binary,
    args: [
      ...['--dbpath', dbPath, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket'],
      ...['--replSet', REPLICA_SET, '--oplogSize', '256', '--wiredTigerCacheSizeGB', String(cacheSizeGB), '--quiet'],
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      // Nobody else is in the set to whom a primary could hand over while it waits.
      ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=0'],
    ],
    logFile,
  });
  const portOpened = await untilReady('mongod', server, () => readPort(logFile)).catch(async (error: unknown) => {
    if (error instanceof ServerStartFailed && error.exitCode === EXIT_CODE_FOLDER_UNUSABLE) {
      throw new ServerStartFailed(await whyUnusable(dbPath, logFile), error.exitCode);
    }
    throw error;
  });
  try {
    await ensureReplicaSet(portOpened);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const uri = `mongodb://127.0.0.1:${String(portOpened)}/?replicaSet=${REPLICA_SET}`;
  return { ...server, port: portOpened, uri };
}

async function readPort(logFile: string): Promise<number | undefined> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  const port = /"Waiting for connections","attr":\{"port":(\d+)/.exec(log)?.[1];
  return port === undefined ? undefined : Number(port);
}

async function whyUnusable(dbPath: string, logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  if (log.includes('DBPathInUse')) return `Another mongod is running on ${dbPath}. Stop it, or choose another folder.`;
  return `mongod can't use ${dbPath}: ${/"error":"([^"]+)"/.exec(log)?.[1] ?? `see ${logFile}`}`;
}
