/**
 * A process that starts a server and then only lives, to be killed by a spec.
 * Arguments: a function of `./index`, its options as JSON.
 */
require('./source-loader.fixture.cjs');

const [, , name, options] = process.argv;
const start = require('./index.ts')[name];
const ensureReplicaSet = () => Promise.resolve();

start({ ...JSON.parse(options), ensureReplicaSet }).then(
  ({ pid, supervisorPid }) => process.stdout.write(`${JSON.stringify({ pid, supervisorPid })}\n`),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
