import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirInUse, lockDataDir, waitForLock } from './folder-lock';

describe('the lock of a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stepwell-lock-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is given to one, and to the next when that one has released it', () => {
    const first = lockDataDir(folder);
    expect(() => lockDataDir(folder)).toThrow(DataDirInUse);
    expect(() => lockDataDir(folder)).toThrow(`in use by process ${String(process.pid)}`);
    first.release();
    const second = lockDataDir(folder);
    first.release();
    expect(() => lockDataDir(folder)).toThrow(DataDirInUse);
    second.release();
    expect(readdirSync(folder)).toEqual(['lock.2']);
  });

  it.each([
    ['whose process is dead', { pid: 2 ** 22 + 1 }],
    ['whose pid was given to another process since', { identity: 'another life' }],
  ])('supersedes at once a holder %s (rule 3)', (_what, change) => {
    lockDataDir(folder);
    const holder = JSON.parse(readFileSync(join(folder, 'lock.1'), 'utf8')) as object;
    writeFileSync(join(folder, 'lock.1'), JSON.stringify({ ...holder, ...change }));
    lockDataDir(folder);
    expect(() => lockDataDir(folder)).toThrow(DataDirInUse);
  });

  it('counts only the highest number (rules 1 and 2)', () => {
    lockDataDir(folder);
    writeFileSync(join(folder, 'lock.7'), JSON.stringify({ pid: 0, identity: '', free: true }));
    lockDataDir(folder);
    expect(readdirSync(folder)).toEqual(['lock.8']);
  });

  it('lets those who wait in one after the other', async () => {
    const path = join(folder, 'turn');
    const inside: string[] = [];
    const waitedFor: number[] = [];
    const enter = async (name: string): Promise<void> => {
      const lock = await waitForLock(path, ({ pid }) => waitedFor.push(pid));
      inside.push(`${name} in`);
      await new Promise(setImmediate);
      inside.push(`${name} out`);
      lock.release();
    };
    await Promise.all(['a', 'b', 'c'].map(enter));
    expect(inside).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
    expect(waitedFor).toEqual([process.pid, process.pid]);
  });
});
