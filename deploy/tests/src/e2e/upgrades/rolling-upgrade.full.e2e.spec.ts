import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedOfThisRun } from '../random';
import type { Build } from './build';
import { CURRENT, previousBuild } from './build';
import { rollingUpgrade } from './rolling-upgrade';

const seed = seedOfThisRun();
const COMPILES_WITHIN_MS = 600_000;

describe(`an upgrade under load, and back again, seed ${seed}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-previous-'));
  let previous: Build;

  beforeAll(async () => {
    const found = await previousBuild(join(folder, 'source'));
    if (found === undefined) process.stdout.write('no previous commit here: this version stands in for it\n');
    previous = found ?? CURRENT;
  }, COMPILES_WITHIN_MS);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is noticed by no client and breaks no run', async () => {
    const builds = [previous, CURRENT, previous] as const;
    const result = await rollingUpgrade({ builds, members: 2, inFlight: 12, runsBetween: 40, seed });
    const { runs, exchanges, crossings, exitCodes, violations } = result;
    process.stdout.write(
      `${builds.map(({ name }) => name).join(' -> ')}: ${runs} runs, ${exchanges} exchanges, ${crossings} sent once more, seed ${seed}\n`,
    );
    if (violations.length > 0) process.stdout.write(`logs in ${result.folder}\n`);
    expect(violations).toEqual([]);
    expect(exitCodes).toEqual(Array.from({ length: 20 }, () => 0));
  }, 600_000);
});
