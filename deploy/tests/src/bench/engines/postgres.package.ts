import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peerFolder } from './peer-folder';

/** That of Debian 12. Which build of it is Debian's choice: a mirror keeps only the newest. */
export const POSTGRES_MAJOR = '15';

/** Where its programs are, and the environment that they need. */
export interface Postgres {
  readonly bin: string;
  readonly env: NodeJS.ProcessEnv;
}

const BIN = join('usr', 'lib', 'postgresql', POSTGRES_MAJOR, 'bin');
const run = promisify(execFile);

/**
 * Debian's packages, unpacked into a folder of their own and not installed, so that no server is started and nothing of the machine is
 * changed; apt checks them. Where that can't be had, the one that is installed.
 * @throws Error when there is neither
 */
export async function installPostgres(): Promise<Postgres> {
  try {
    const folder = await peerFolder(`postgres-${POSTGRES_MAJOR}`, unpack);
    return { bin: join(folder, BIN), env: { ...process.env, LD_LIBRARY_PATH: librariesIn(folder) } };
  } catch (error) {
    const bin = join('/', BIN);
    if (!existsSync(join(bin, 'postgres')))
      throw new Error(
        `no PostgreSQL ${POSTGRES_MAJOR}: apt-get install postgresql-${POSTGRES_MAJOR}, or make apt-get download work (${String(error)})`,
        { cause: error },
      );
    return { bin, env: process.env };
  }
}

async function unpack(folder: string): Promise<void> {
  await run('apt-get', ['download', '-q', `postgresql-${POSTGRES_MAJOR}`, 'libpq5'], { cwd: folder });
  for (const file of readdirSync(folder)) {
    await run('dpkg', ['-x', file, folder], { cwd: folder });
    rmSync(join(folder, file));
  }
  // Libraries of other packages are not unpacked: better said now than by every run.
  await run(join(folder, BIN, 'postgres'), ['--version'], { env: { LD_LIBRARY_PATH: librariesIn(folder) } });
}

const librariesIn = (folder: string): string =>
  readdirSync(join(folder, 'usr', 'lib'))
    .filter((name) => name.includes('-linux-gnu'))
    .map((name) => join(folder, 'usr', 'lib', name))
    .join(':');
