/**
 * Jest's global set-up and tear-down: one test run, and the life of the servers that its specs share.
 *
 * Nothing is started here: the first spec that needs a server does that (src/shared-server.ts). This process only holds
 * the lifeline, a socket that the servers' supervisors hang on to. It closes with this process, also on its kill -9.
 */
const { mkdtempSync, readdirSync, rmSync } = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const HELD = Symbol.for('stepwell.test-run');
const PREFIX = 'stepwell-test-';

async function startRun() {
  await removeDeadRuns();
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
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

/** Folders of runs that were killed before their tear-down: nobody listens on their lifelines any more. */
async function removeDeadRuns() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    if (await refusesConnections(join(folder, 'lifeline'))) rmSync(folder, { recursive: true, force: true });
  }
}

function refusesConnections(path) {
  return new Promise((resolve) => {
    const probe = net.connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    // A run that is just being set up has no socket yet (ENOENT): it is left alone.
    probe.once('error', (error) => resolve(error.code === 'ECONNREFUSED'));
  });
}

module.exports = { startRun, endRun };
