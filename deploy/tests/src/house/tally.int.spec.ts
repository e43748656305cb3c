// What CI reads is one line. It must be right above all when something went wrong before it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './workspaces';

const folder = mkdtempSync(join(tmpdir(), 'stepwell-tally-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const green = { success: true, numPassedTests: 40, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
const gates = { passed: 6, failed: [] as string[] };

function tally(
  install: number,
  tests: object | undefined,
  gateReport: object | undefined,
): [string | undefined, number | null] {
  const write = (name: string, report: object | undefined) => {
    const path = join(folder, name);
    rmSync(path, { force: true });
    if (report) writeFileSync(path, JSON.stringify(report));
    return path;
  };
  const script = join(repositoryRoot, 'deploy/verify/tally.mjs');
  const args = [script, String(install), write('tests.json', tests), write('gates.json', gateReport)];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return [stdout.trimEnd().split('\n').at(-1), status];
}

test.each([
  ['everything is well', 0, green, gates, '47 passed, 0 failed', 0],
  ['tests fail', 0, { ...green, success: false, numFailedTests: 2 }, gates, '47 passed, 2 failed', 1],
  ['a gate fails', 0, green, { passed: 5, failed: ['unused'] }, '46 passed, 1 failed', 1],
  [
    'a spec does not load',
    0,
    { ...green, success: false, numRuntimeErrorTestSuites: 1 },
    gates,
    '47 passed, 1 failed',
    1,
  ],
  ['no test ran', 0, { ...green, numPassedTests: 0 }, gates, '7 passed, 1 failed', 1],
  ['Jest failed for a reason of its own', 0, { ...green, success: false }, gates, '47 passed, 1 failed', 1],
  ['Jest wrote nothing', 0, undefined, gates, '7 passed, 1 failed', 1],
  ['the install failed', 1, undefined, undefined, '0 passed, 3 failed', 1],
] as const)('%s', (_, install, tests, gateReport, line, status) => {
  expect(tally(install, tests, gateReport)).toEqual([line, status]);
});
