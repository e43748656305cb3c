/**
 * Jest's global set-up and tear-down: one test run, and the life of the servers that its specs share.
 *
 * Nothing is started here: the first spec that needs a server does that (src/shared-server.ts). This process only holds
 * the lifeline, a socket that the servers' supervisors hang on to. It closes with this process, also on its kill -9.
 */
const { mkdtempSync, rmSync } = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const HELD = Symbol.for('stepwell.test-run');

async function startRun() {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-test-'));
  const supervisors = new Set();
  const lifeline = net.createServer({ allowHalfOpen: true }, (supervisor) => {
    supervisors.add(supervisor);
    supervisor.on('error', () => {});
    supervisor.on('close', () => supervisors.delete(supervisor));
    supervisor.resume();
  });
  await new Promise((resolve, reject) => {
    lifeline.once('error', reject).listen(join(folder, 'lifeline'), resolve);
  });
  lifeline.unref();
  process.env.STEPWELL_TEST_RUN_DIR = folder;
  globalThis[HELD] = { folder, lifeline, supervisors };
}

async function endRun() {
  const { folder, lifeline, supervisors } = globalThis[HELD];
  const gone = [...supervisors].map((supervisor) => new Promise((resolve) => supervisor.once('close', resolve)));
  // Our half only: the other half closes when the supervisor leaves, which is after its server.
  for (const supervisor of supervisors) supervisor.end();
  await Promise.all(gone);
  await new Promise((resolve) => lifeline.close(resolve));
  rmSync(folder, { recursive: true, force: true });
}

module.exports = { startRun, endRun };
