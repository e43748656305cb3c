// Everything a change must pass, one gate a line. Several run at a time, in this order: it is for whoever waits, and a gate never
// depends on the result of one that it doesn't name.
import { publishedPackages } from './published-packages.mjs';

/**
 * @typedef {object} Gate
 * @property {string} name what `--only` and `--except` take
 * @property {string} says what a failure of it means
 * @property {string} [after] a gate whose files it reads, passed or not
 * @property {boolean} [alone] it measures, or needs the machine for itself
 * @property {string[][]} commands each `[tool, ...arguments]`, the tool as npm links it
 */

/**
 * @param {string} root
 * @param {{ full: boolean, testReport?: string }} options
 * @returns {Gate[]}
 */
export function gates(root, { full, testReport }) {
  const report = testReport ? ['--json', '--outputFile', testReport] : [];
  const tiers = full ? [] : ['--ignoreProjects', 'full'];
  return [
    { name: 'types', says: 'the code does not compile', commands: [['tsc', '-b']] },
    {
      name: 'lint',
      says: 'ESLint objects; comments that switch a rule off are not accepted',
      commands: [['eslint', '--max-warnings', '0', '.']],
    },
    {
      name: 'format',
      says: 'a file is not as Prettier prints it: npm run format',
      commands: [['prettier', '--check', '--log-level', 'warn', '.']],
    },
    {
      name: 'imports',
      says: 'an import crosses a wall; the rule in .dependency-cruiser.cjs says why the wall is there',
      commands: [['depcruise', '--output-type', 'err-long', 'libs', 'services', 'deploy']],
    },
    { name: 'unused', says: 'an export, file or dependency serves nobody', commands: [['knip']] },
    {
      name: 'packages',
      says: 'a package that is published would not resolve for its users',
      after: 'types',
      commands: publishedPackages(root).flatMap((folder) => [
        ['publint', 'run', folder, '--strict'],
        // node10: our subpath exports need a resolver that knows `exports`, and so does our oldest Node.
        ['attw', '--pack', folder, '--profile', 'node16'],
      ]),
    },
    {
      name: 'tests',
      says: 'a spec fails',
      alone: true,
      commands: [['jest', '--maxWorkers', '2', ...tiers, ...report]],
    },
  ];
}
