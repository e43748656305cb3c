// `npm run verify`: every gate of gates.mjs, all of them even when one fails, and one line each at the end.
//
// --full           the long tests too
// --only a,b       these gates
// --except a,b     all but these
// --report FILE    what passed and failed, as JSON, for .ci/run
// --test-report F  Jest's own JSON report
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installDependencies } from '../bootstrap/install.mjs';
import { holdingLock } from '../bootstrap/lock.mjs';
import { gates } from './gates.mjs';
import { runGates } from './run-gates.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    except: { type: 'string' },
    report: { type: 'string' },
    'test-report': { type: 'string' },
  },
});

const names = (list) => list?.split(',') ?? [];
const all = gates(root, { full: values.full, testReport: values['test-report'] });
const known = all.map(({ name }) => name);
const unknown = [...names(values.only), ...names(values.except)].filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No gate is called ${unknown.join(', ')}; there are ${known.join(', ')}.\n`);
  process.exit(2);
}
const chosen = all.filter(
  ({ name }) => (!values.only || names(values.only).includes(name)) && !names(values.except).includes(name),
);

await holdingLock(join(root, '.bootstrap.lock'), () => installDependencies(root));

const results = await runGates(chosen, { root, atOnce: availableParallelism() });

process.stdout.write('\n');
for (const { name, says, passed, seconds } of results) {
  const line = `${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s`;
  process.stdout.write(passed ? `${line}\n` : `${line}   ${says}\n`);
}
const failed = results.filter(({ passed }) => !passed);
if (values.report) {
  const report = { passed: results.length - failed.length, failed: failed.map(({ name }) => name) };
  writeFileSync(values.report, JSON.stringify(report));
}
process.exitCode = failed.length === 0 ? 0 : 1;
