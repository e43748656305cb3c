#!/usr/bin/env node
// npm links a package's command when it installs, which in a checkout is before anything is built: this file is there
// already, the compiled program is not.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '../dist/main.js');
if (existsSync(main)) {
  process.argv[1] = main;
  require('node:module').runMain();
} else {
  process.stderr.write('stepwell is not built yet: run `npm run build` in the checkout first.\n');
  process.exitCode = 1;
}
