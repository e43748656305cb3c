import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EmbeddedNats,
  hasErrorCode,
  launchNatsServer,
  type NatsAccess,
  resolveNatsServer,
  startNatsServer,
} from '@stepwell/platform';
import { perScope, type Scope } from './per-scope';
import { sharedServer, testRunDir } from './shared-server';

/** What a client needs to connect; the property names are those of the `nats` client's own options. */
export interface NatsUnderTest {
  readonly servers: string;
  readonly user: string;
  readonly pass: string;
}

/** A server of the spec's own, to be killed and restarted. Users and permissions are those of the product. */
export interface OwnNatsUnderTest extends NatsUnderTest {
  readonly readerPass: string;
  readonly server: EmbeddedNats;
  /** Ends it (SIGTERM by default) and starts it again on its data; on the same port unless told otherwise. */
  restart(how?: RestartOptions): Promise<void>;
}

export interface RestartOptions {
  readonly signal?: NodeJS.Signals;
  readonly port?: 'same' | 'other';
}

/**
 * An empty NATS for each test (or describe): an account of its own on a server that the whole run shares, so neither subjects nor
 * streams of other tests can be seen. Read the properties inside of tests and hooks.
 */
export function useNatsServer({ per = 'test' }: { readonly per?: Scope } = {}): NatsUnderTest {
  const account = perScope('An account of NATS', per, claimAccount, () => Promise.resolve());
  return {
    get servers() {
      return account().servers;
    },
    get user() {
      return account().user;
    },
    get pass() {
      return account().pass;
    },
  };
}

/** A nats-server for each test (or describe) alone. */
export function useOwnNatsServer({ per = 'test' }: { readonly per?: Scope } = {}): OwnNatsUnderTest {
  const own = perScope('A nats-server', per, startOwn, endOwn);
  return {
    get servers() {
      return own().server.url;
    },
    user: 'stepwell',
    get pass() {
      return own().passwords.stepwell;
    },
    get readerPass() {
      return own().passwords.reader;
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

const ACCOUNTS_PER_SERVER = 250;
/** Reserving is bookkeeping: two accounts with the product's streams would use up most disks' share, with nothing stored. */
const RESERVED_BY_ALL_BYTES = 2 ** 46;
const SHARED_PASSWORD = 'test';

async function claimAccount(): Promise<NatsUnderTest> {
  const number = claimNumber(join(testRunDir(), 'nats-account'));
  const server = await sharedServer(
    `nats-${String(Math.floor(number / ACCOUNTS_PER_SERVER))}`,
    async (dataDir, bounds) =>
      launchNatsServer({
        ...bounds,
        binary: await natsBinary(),
        dataDir,
        access: manyAccounts(),
        maxStoreBytes: RESERVED_BY_ALL_BYTES,
      }),
  );
  const user = accountName(number % ACCOUNTS_PER_SERVER);
  return { servers: `nats://127.0.0.1:${String(server.port)}`, user, pass: SHARED_PASSWORD };
}

function manyAccounts(): NatsAccess {
  const names = Array.from({ length: ACCOUNTS_PER_SERVER }, (_, index) => accountName(index));
  const account = (user: string) => ({ jetstream: 'enabled' as const, users: [{ user, password: SHARED_PASSWORD }] });
  return { accounts: Object.fromEntries(names.map((name) => [name, account(name)])) };
}

function accountName(index: number): string {
  return `test${String(index)}`;
}

let nextToTry = 0;

/** A number that no other process of this run has: the file that stands for it can be made only once. */
function claimNumber(prefix: string): number {
  for (; ; nextToTry += 1) {
    try {
      closeSync(openSync(`${prefix}.${String(nextToTry)}`, 'wx'));
      return nextToTry++;
    } catch (error) {
      if (!hasErrorCode(error, 'EEXIST')) throw error;
    }
  }
}

async function startOwn() {
  const dataDir = await mkdtemp(join(testRunDir(), 'own-nats-'));
  const binary = await natsBinary();
  const passwords = { stepwell: randomBytes(16).toString('hex'), reader: randomBytes(16).toString('hex') };
  const start = (port: number): Promise<EmbeddedNats> => startNatsServer({ binary, dataDir, passwords, port });
  return { dataDir, passwords, start, server: await start(0) };
}

async function endOwn({ server, dataDir }: Awaited<ReturnType<typeof startOwn>>): Promise<void> {
  server.kill();
  await server.exited;
  await rm(dataDir, { recursive: true, force: true });
}

async function natsBinary(): Promise<string> {
  const found = await resolveNatsServer();
  if (found.kind !== 'binary') throw new Error('Tests need a nats-server binary of their own.');
  return found.path;
}
