import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CacheFiller, resolveBinary, type ResolveOptions, type WantedBinary } from './binary-resolver';
import { ServerNotFound } from './server-not-found.error';

const ENTRY_SUFFIX = `-${process.platform}-${process.arch}`;

describe('resolving a binary', () => {
  let folder: string;
  let asked: string[];
  let progress: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stepwell-resolver-'));
    asked = [];
    progress = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const program = (path: string, says: string, exitCode = 0): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho "${says}"\nexit ${String(exitCode)}\n`, { mode: 0o755 });
  };
  const filler = (entry: string, fill: (target: string) => void): CacheFiller => ({
    source: `source ${entry}`,
    entry,
    fill: async (target) => {
      asked.push(entry);
      await Promise.resolve();
      fill(target);
    },
  });
  const giving = (entry: string, says = 'server: v2.15.1', exitCode = 0) =>
    filler(entry, (target) => {
      program(join(target, 'server'), says, exitCode);
    });
  const failing = (entry: string, reason: string) =>
    filler(entry, () => {
      throw new Error(reason);
    });
  const wanted = (...fillers: CacheFiller[]): WantedBinary => ({
    name: 'server',
    atLeast: [2, 12],
    fillers,
    remedies: ['install it'],
  });
  const options = (): ResolveOptions => ({
    cacheDir: join(folder, 'cache'),
    env: { PATH: join(folder, 'path') },
    onProgress: (message) => progress.push(message),
  });
  const cached = () => readdirSync(join(folder, 'cache', 'server')).filter((name) => !name.startsWith('filling'));

  it('takes the one on PATH and asks nobody else', async () => {
    program(join(folder, 'path', 'server'), 'server: v2.12.0');
    const found = await resolveBinary(wanted(giving('a')), options());
    expect(found).toEqual({ path: join(folder, 'path', 'server'), version: '2.12.0', source: 'PATH' });
    expect(asked).toEqual([]);
  });

  it('fills the cache once, from the first source that can, and says so', async () => {
    const sources = wanted(failing('a', 'closed'), giving('b'), giving('c'));
    const path = join(folder, 'cache', 'server', `b${ENTRY_SUFFIX}`, 'server');
    expect(await resolveBinary(sources, options())).toEqual({ path, version: '2.15.1', source: 'source b' });
    expect(progress).toEqual(['fetching server from source a', 'source a: closed', 'fetching server from source b']);
    expect(await resolveBinary(sources, options())).toEqual({ path, version: '2.15.1', source: 'cache' });
    expect(asked).toEqual(['a', 'b']);
    expect(cached()).toEqual([`b${ENTRY_SUFFIX}`]);
  });

  it.each([
    ['too old', 'server: v2.11.9', 0],
    ['of an earlier major version', 'server: v1.99.0', 0],
    ['not able to run', 'server: v2.15.1', 127],
    ['not telling its version', 'hello', 0],
  ])('passes over one that is %s', async (_what, says, exitCode) => {
    program(join(folder, 'path', 'server'), says, exitCode);
    const found = await resolveBinary(wanted(giving('a', says, exitCode), giving('b')), options());
    expect(found.source).toBe('source b');
    expect(asked).toEqual(['a', 'b']);
  });

  it('replaces a cache entry that no longer runs', async () => {
    program(join(folder, 'cache', 'server', `a${ENTRY_SUFFIX}`, 'server'), 'broken', 1);
    expect((await resolveBinary(wanted(giving('a')), options())).source).toBe('source a');
    expect((await resolveBinary(wanted(giving('a')), options())).source).toBe('cache');
  });

  it('leaves nothing half-filled behind, also not what a killed process left', async () => {
    mkdirSync(join(folder, 'cache', 'server', 'half-filled-x'), { recursive: true });
    const brokenOff = filler('a', (target) => {
      writeFileSync(join(target, 'server'), 'half');
      throw new Error('broken off');
    });
    await expect(resolveBinary(wanted(brokenOff), options())).rejects.toThrow('broken off');
    expect(cached()).toEqual([]);
  });

  it('lists every source with its reason, and what to do, when none is usable', async () => {
    program(join(folder, 'path', 'server'), 'server: v2.9.1');
    const outcome = await resolveBinary(wanted(failing('a', 'closed'), giving('b', 'v1.0.0')), options()).catch(
      (error: unknown) => error,
    );
    expect(outcome).toBeInstanceOf(ServerNotFound);
    expect(outcome).toMatchObject({
      code: 'SERVER_NOT_FOUND',
      tried: [
        { source: 'PATH', reason: `${join(folder, 'path', 'server')} is 2.9.1, needed is 2.12 or later` },
        { source: `cache folder ${join(folder, 'cache', 'server')}`, reason: 'empty' },
        { source: 'source a', reason: 'closed' },
        { source: 'source b', reason: 'is 1.0.0, needed is 2.12 or later' },
      ],
    });
    expect(String(outcome)).toMatch(/4\. source b: is 1\.0\.0.*\n.*you can do:\n {2}- install it$/);
  });

  it('tells when the cache folder cannot be written', async () => {
    writeFileSync(join(folder, 'cache'), 'a file');
    await expect(resolveBinary(wanted(giving('a')), options())).rejects.toThrow(/can't be written: ENOTDIR/);
  });
});
