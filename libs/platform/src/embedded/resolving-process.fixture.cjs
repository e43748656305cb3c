/** A process that resolves a pretended server; its source takes its time and notes that it was asked. Argument: the cache folder. */
require('./source-loader.fixture.cjs');
const { appendFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');

const [, , cacheDir] = process.argv;
const { resolveBinary } = require('./binary-resolver.ts');

const slowSource = {
  source: 'slow source',
  entry: 'slow',
  async fill(folder) {
    appendFileSync(join(cacheDir, 'fetched'), 'once\n');
    writeFileSync(join(folder, 'server'), '#!/bin/sh\n');
    await delay(300);
    writeFileSync(join(folder, 'server'), '#!/bin/sh\necho v2.15.1\n');
  },
};

resolveBinary({ name: 'server', atLeast: [2, 12], fillers: [slowSource], remedies: [] }, { cacheDir }).then((found) =>
  process.stdout.write(JSON.stringify(found)),
);
