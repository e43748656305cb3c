import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '../../e2e/until';
import { familyBytes, familyTicks } from './family';

/* Linux only, as the bench is. */

const TICK_MS = 10;
const BUSY_MS = 300;

/** CPU time, and not the time that a busy machine takes to give it. */
const busy = `while (process.cpuUsage().user < ${BUSY_MS * 1000});`;
const busyThenThere = `${busy} process.on('disconnect', () => process.exit());`;
const parentOfTwo = `
  const { spawn, spawnSync } = require('node:child_process');
  spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]);
  spawn(process.execPath, ['-e', ${JSON.stringify(busyThenThere)}], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });`;

test('a family has spent what its members did, also those that have ended', async () => {
  const parent = spawn(process.execPath, ['-e', parentOfTwo]);
  try {
    const pid = parent.pid!;
    await until('both children have been busy', () => familyTicks(pid) * TICK_MS > BUSY_MS * 1.6);
    const { rssBytes, peakBytes } = familyBytes(pid);
    expect(rssBytes).toBeGreaterThan(40_000_000);
    expect(peakBytes).toBeGreaterThanOrEqual(rssBytes);
  } finally {
    const exited = once(parent, 'exit');
    parent.kill('SIGKILL');
    await exited;
  }
});

test('a family whose head is gone is none', async () => {
  const gone = spawn(process.execPath, ['-e', '']);
  await once(gone, 'exit');
  expect(() => familyTicks(gone.pid!)).toThrow('ENOENT');
});
