import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

describe('several processes that need the same binary at once', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stepwell-concurrent-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('fetch it once, and all get a whole one (rules 3 and 4)', async () => {
    const fixture = join(__dirname, 'resolving-process.fixture.cjs');
    const all = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, [fixture, folder])));
    const found = all.map(({ stdout }) => JSON.parse(stdout) as { source: string; version: string });
    expect(found.map(({ source }) => source).sort()).toEqual(['cache', 'cache', 'slow source']);
    expect(found.map(({ version }) => version)).toEqual(['2.15.1', '2.15.1', '2.15.1']);
    expect(readFileSync(join(folder, 'fetched'), 'utf8')).toBe('once\n');
    expect(readdirSync(join(folder, 'server')).filter((name) => !name.startsWith('filling'))).toHaveLength(1);
  });
});
