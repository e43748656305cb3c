// Whole-system specs start five services, a mongod and a nats-server each: two of them at once starve each other on two
// cores. Jest asks a runner whether its specs want to be alone, and runs one runner after the other.
const { default: TestRunner } = require('jest-runner');

module.exports = class SerialRunner extends TestRunner {
  isSerial = true;
};
