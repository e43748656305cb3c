// The last word of .ci/run: `N passed, N failed`, each test and each gate counted as one, alone on the last line.
//
// A report that is missing is a failure (whatever should have written it did not get that far), and so is a run of no test.
// Usage: tally.mjs INSTALL_EXIT_CODE TEST_REPORT GATE_REPORT
import { readFileSync } from 'node:fs';

/** @param {string} path */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const [installExitCode, testReport = '', gateReport = ''] = process.argv.slice(2);
const count = { passed: 0, failed: 0 };
const fail = (what, times = 1) => {
  count.failed += times;
  process.stdout.write(`failed: ${what}\n`);
};

if (installExitCode === '0') count.passed += 1;
else fail('npm ci');

const tests = read(testReport);
if (!tests) fail('npm test wrote no report');
else {
  count.passed += tests.numPassedTests;
  if (tests.numFailedTests > 0) fail(`${tests.numFailedTests} tests`, tests.numFailedTests);
  // A spec file that could not even be loaded has no tests that could fail.
  if (tests.numRuntimeErrorTestSuites > 0) fail('spec files that do not load', tests.numRuntimeErrorTestSuites);
  if (tests.numPassedTests + tests.numFailedTests === 0) fail('no test ran');
  else if (!tests.success && tests.numFailedTests + tests.numRuntimeErrorTestSuites === 0) fail('npm test');
}

const gates = read(gateReport);
if (!gates) fail('verify wrote no report');
else {
  count.passed += gates.passed;
  for (const name of gates.failed) fail(`the gate "${name}"`);
}

process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
process.exitCode = count.failed === 0 ? 0 : 1;
