// What `npm start` and `npm test` run on a clone that may be brand new.
//
// Owns: bringing the checkout into a runnable state (dependencies, build), then becoming the program asked for.
// Does not own: anything the program does. It must work before a single dependency exists: Node built-ins only.
//
// B1. The program runs in this very process: a signal sent to npm, or typed in a terminal, reaches it without a relay,
//     and killing this process kills the program.
// B2. Two bootstraps of one checkout never install or build at the same time.
// B3. What is already in place is not done again: a warm start costs one `tsc -b` that finds nothing to do.
import Module from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies } from './install.mjs';
import { holdingLock } from './lock.mjs';
import { ChildFailed, runChild } from './child.mjs';
import { foldRepeatedSignals } from './one-signal.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

const programs = {
  start: { main: 'services/standalone/dist/main.js', args: ['dev', '--example', 'onboarding'] },
  test: { main: 'node_modules/jest/bin/jest.js', args: ['--ignoreProjects', 'full', '--maxWorkers', '2'] },
};

/** `^20.19.0 || >=22.12` of package.json, said before npm or TypeScript fail in ways that don't name the cause. */
function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  throw new ChildFailed(`Stepwell needs Node 20.19 or newer, this is ${process.versions.node}.`, 1);
}

async function prepare() {
  await installDependencies(root);
  await runChild([join(root, 'node_modules/typescript/bin/tsc'), '-b', root], {
    cwd: root,
    onFailure: 'The build failed; the errors above say where.',
  });
}

async function main() {
  const [name = '', ...extra] = process.argv.slice(2);
  const program = programs[name];
  if (name !== 'prepare' && !program) {
    throw new ChildFailed('usage: node deploy/bootstrap/bootstrap.mjs start|test|prepare [arguments]', 2);
  }
  refuseOldNode();
  process.chdir(root);
  await holdingLock(join(root, '.bootstrap.lock'), prepare);
  if (!program) return;
  foldRepeatedSignals();
  const path = join(root, program.main);
  process.argv = [process.execPath, path, ...program.args, ...extra];
  // `runMain` and not `import`: the program finds itself as `require.main`, just as if Node had been given its path.
  Module.runMain();
}

main().catch((error) => {
  if (!(error instanceof ChildFailed)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error.exitCode);
});
