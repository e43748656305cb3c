import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedMongod, resolveMongod, startMongod, type StartMongodOptions } from '@stepwell/platform';
import type { RestartOptions } from './nats-under-test';
import { perScope, type Scope } from './per-scope';
import { sharedServer, testRunDir } from './shared-server';

/** `ensureReplicaSetOfOne` of @stepwell/event-store, which this library can't import: that one's specs import this. */
export type EnsureReplicaSet = StartMongodOptions['ensureReplicaSet'];

export interface MongodUnderTest {
  /** Names `databaseName` as its default database. */
  readonly uri: string;
  /** A name that no other test has. */
  readonly databaseName: string;
}

/** A server of the spec's own, to be killed and restarted. */
export interface OwnMongodUnderTest extends MongodUnderTest {
  readonly server: EmbeddedMongod;
  /** Ends it (SIGTERM by default) and starts it again on its data; on the same port unless told otherwise. */
  restart(how?: RestartOptions): Promise<void>;
}

/**
 * An empty database for each test (or describe) on a mongod that the whole run shares.
 * Read the properties inside of tests and hooks.
 */
export function useMongod(
  ensureReplicaSet: EnsureReplicaSet,
  { per = 'test' }: { readonly per?: Scope } = {},
): MongodUnderTest {
  const claim = async (): Promise<MongodUnderTest> => {
    const { port } = await sharedServer('mongod', async (dataDir, bounds) =>
      startMongod({ ...bounds, binary: await mongodBinary(), dataDir, ensureReplicaSet }),
    );
    const databaseName = freshName();
    return { databaseName, uri: uriOf(port, databaseName) };
  };
  const database = perScope('A database', per, claim, () => Promise.resolve());
  return {
    get uri() {
      return database().uri;
    },
    get databaseName() {
      return database().databaseName;
    },
  };
}

/** A mongod for each test (or describe) alone. */
export function useOwnMongod(
  ensureReplicaSet: EnsureReplicaSet,
  { per = 'test' }: { readonly per?: Scope } = {},
): OwnMongodUnderTest {
  const make = async () => {
    const dataDir = await mkdtemp(join(testRunDir(), 'own-mongod-'));
    const binary = await mongodBinary();
    const start = (port: number): Promise<EmbeddedMongod> => startMongod({ binary, dataDir, ensureReplicaSet, port });
    return { dataDir, databaseName: freshName(), start, server: await start(0) };
  };
  const own = perScope('A mongod', per, make, async ({ server, dataDir }) => {
    server.kill();
    await server.exited;
    await rm(dataDir, { recursive: true, force: true });
  });
  return {
    get uri() {
      return uriOf(own().server.port, own().databaseName);
    },
    get databaseName() {
      return own().databaseName;
    },
    get server() {
      return own().server;
    },
    restart: async ({ signal = 'SIGTERM', port = 'same' } = {}) => {
      const mine = own();
      mine.server.kill(signal);
      await mine.server.exited;
      mine.server = await mine.start(port === 'same' ? mine.server.port : 0);
    },
  };
}

function uriOf(port: number, databaseName: string): string {
  return `mongodb://127.0.0.1:${String(port)}/${databaseName}?replicaSet=stepwell`;
}

function freshName(): string {
  return `test_${randomBytes(8).toString('hex')}`;
}

async function mongodBinary(): Promise<string> {
  const found = await resolveMongod();
  if (found.kind !== 'binary') throw new Error('Tests need a mongod binary of their own.');
  return found.path;
}
