/**
 * A lock between processes of one machine, kept as files beside what it guards.
 *
 * Owns: who may use a data folder, or fill a cache. Doesn't own: threads of one process, other machines.
 *
 * 1. The lock file with the highest number holds; its content names its process, and appears together with the file.
 * 2. Numbers only rise: the highest file is never removed, only marked free. Hence a slow contender that still
 *    believes in an old holder can create no number that counts: it looks again afterwards and finds a higher one.
 * 3. A holder whose process is dead holds nothing: no lock outlives a kill -9, no one has to delete a file by hand.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processIdentity } from './process-identity';
import { hasErrorCode } from './system-error';

export interface HeldLock {
  /** Frees the lock. Synchronous, so that it can run in an exit handler; a second call does nothing. */
  release(): void;
}

export interface LockHolder {
  readonly pid: number;
}

interface LockContent extends LockHolder {
  readonly identity: string;
  readonly free: boolean;
}

/** The data folder is in use by a living process. */
export class DataDirInUse extends Error {
  readonly code = 'DATA_DIR_IN_USE';
  override readonly name = 'DataDirInUse';

  constructor(
    readonly dataDir: string,
    readonly holder: LockHolder,
  ) {
    super(
      `The data folder ${dataDir} is in use by process ${String(holder.pid)}. Stop that process, or choose another folder.`,
    );
  }
}

/**
 * Takes a data folder (made when missing) for this process, at once superseding a dead holder.
 * @throws DataDirInUse while another holder lives, this process included.
 */
export function lockDataDir(dataDir: string): HeldLock {
  const outcome = tryLock(join(dataDir, 'lock'));
  if ('holder' in outcome) throw new DataDirInUse(dataDir, outcome.holder);
  return outcome.lock;
}

/** Waits until the lock is free; `onWait` is told once about the first holder that is waited for. */
export async function waitForLock(path: string, onWait: (holder: LockHolder) => void): Promise<HeldLock> {
  for (let waited = false; ; waited = true) {
    const outcome = tryLock(path);
    if ('lock' in outcome) return outcome.lock;
    if (!waited) onWait(outcome.holder);
    await delay(50);
  }
}

function tryLock(path: string): { lock: HeldLock } | { holder: LockHolder } {
  mkdirSync(dirname(path), { recursive: true });
  const highest = highestNumber(path);
  if (highest > 0) {
    const holder = read(path, highest);
    if (holder !== undefined && !holder.free && processIdentity(holder.pid) === holder.identity) return { holder };
  }
  const mine = highest + 1;
  if (!create(path, mine)) return { holder: read(path, mine) ?? { pid: 0 } };
  const winner = highestNumber(path);
  if (winner > mine) {
    rmSync(numbered(path, mine), { force: true });
    return { holder: read(path, winner) ?? { pid: 0 } };
  }
  for (const number of numbers(path)) if (number < mine) rmSync(numbered(path, number), { force: true });
  let released = false;
  return {
    lock: {
      release: () => {
        if (released) return;
        released = true;
        writeFileSync(numbered(path, mine), content(true));
      },
    },
  };
}

function create(path: string, number: number): boolean {
  const draft = `${path}.draft-${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, content(false));
  try {
    linkSync(draft, numbered(path, number));
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function content(free: boolean): string {
  const self: LockContent = { pid: process.pid, identity: processIdentity(process.pid) ?? '', free };
  return JSON.stringify(self);
}

function read(path: string, number: number): LockContent | undefined {
  try {
    return JSON.parse(readFileSync(numbered(path, number), 'utf8')) as LockContent;
  } catch {
    // Removed by its superseder just now, or cut short by a power loss while it was marked free: it holds nothing.
    return undefined;
  }
}

function numbered(path: string, number: number): string {
  return `${path}.${String(number)}`;
}

function numbers(path: string): number[] {
  const prefix = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
}

function highestNumber(path: string): number {
  return Math.max(0, ...numbers(path));
}
