import { freePort } from '@stepwell/platform';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../e2e/until';
import type { Watched } from '../machine/cpu-watch';
import type { Pg } from './dbos.package';
import { installPostgres } from './postgres.package';

/** With its own settings but for where it listens: every commit waits for its fsync. */
export interface PostgresServer {
  readonly process: Watched;
  readonly url: string;
  /** Of its write-ahead log. Each of its processes tells once a second, at most. */
  fsyncs(): Promise<number>;
  stop(): Promise<void>;
}

/** It refuses root. `nobody` may go where only root may: into the cache and the folder of the run. */
const NOBODY = 65_534;
const AS_NOBODY = [
  'setpriv',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  // Without it, access() forgets the capability.
  '--securebits=+no_setuid_fixup',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
];

/** @throws Error when it can't be started */
export async function startPostgres(folder: string, pg: Pg): Promise<PostgresServer> {
  const { bin, env } = await installPostgres();
  const isRoot = process.getuid?.() === 0;
  const unprivileged = (program: string, args: readonly string[]): readonly [string, readonly string[]] => {
    const command = [...(isRoot ? AS_NOBODY : []), join(bin, program), ...args];
    return [command[0] ?? '', command.slice(1)];
  };
  const data = join(folder, 'postgres');
  mkdirSync(data);
  if (isRoot) chownSync(data, NOBODY, NOBODY);
  const [initdb, initdbArgs] = unprivileged('initdb', [
    ...['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8'],
  ]);
  await promisify(execFile)(initdb, initdbArgs, { env });
  const port = await freePort();
  const logFile = join(folder, 'postgres.log');
  const log = openSync(logFile, 'a');
  const [postgres, args] = unprivileged('postgres', [
    ...['-D', data, '-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories='],
  ]);
  const child = spawn(postgres, args, { stdio: ['ignore', log, log], env });
  closeSync(log);
  // At once, and with all of its processes: SIGKILL would leave them behind for a while.
  const quit = (): void => {
    child.kill('SIGQUIT');
  };
  process.once('exit', quit);
  const urlOf = (database: string): string => `postgresql://postgres@127.0.0.1:${port}/${database}`;
  try {
    await until('PostgreSQL is ready', () => isReady(child, () => ask(pg, urlOf('postgres'), 'SELECT 1'), logFile));
  } catch (error) {
    quit();
    throw error;
  }
  return {
    process: { name: 'postgres', pid: child.pid ?? 0, part: 'engine', isServer: true, isFamily: true },
    url: urlOf('bench'),
    fsyncs: async () => Number((await ask(pg, urlOf('postgres'), 'SELECT wal_sync FROM pg_stat_wal'))?.['wal_sync']),
    stop: async () => {
      process.off('exit', quit);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      quit();
      await exited;
    },
  };
}

async function isReady(child: ChildProcess, answers: () => Promise<unknown>, logFile: string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`PostgreSQL ended:\n${readFileSync(logFile, 'utf8')}`);
  return answers().then(
    () => true,
    () => false,
  );
}

/** @returns the first row */
async function ask(
  pg: Pg,
  connectionString: string,
  query: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(query)).rows[0];
  } finally {
    await client.end();
  }
}
