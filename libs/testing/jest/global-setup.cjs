module.exports = require('./test-run.cjs').startRun;
