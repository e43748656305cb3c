module.exports = require('./test-run.cjs').endRun;
