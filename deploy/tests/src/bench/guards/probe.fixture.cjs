'use strict';
/*
 * Loaded before a service (`node --require`), and asked over the socket that its environment names: what its heap was given, and to become
 * worse by one of the plants. A plant replaces a method of a library from then on, so that until then the process is as it is shipped.
 */
const { createServer } = require('node:http');
const { dirname, join } = require('node:path');
const { GCProfiler, getHeapStatistics } = require('node:v8');

const heap = () => getHeapStatistics().used_heap_size;
const KEPT = 16;
/** 64 KB on the heap: doubles are kept unboxed. */
const DOUBLES = 8 * 1024;
/** About 0.15 ms where an iteration takes a nanosecond: a fixed amount of work, and not of time, as that is what costs. */
const ITERATIONS = 150_000;
const JOURNALED = { w: 'majority', j: true };

const kept = [];
let profiler;
let heapAtStart = 0;

/** What was used before each collection had been given out since the one before it; what is used after the last one, too. */
function allocatedBytes() {
  const { statistics } = profiler.stop();
  let total = 0;
  let last = heapAtStart;
  for (const { beforeGC, afterGC } of statistics) {
    total += beforeGC.heapStatistics.usedHeapSize - last;
    last = afterGC.heapStatistics.usedHeapSize;
  }
  return total + heap() - last;
}

/** Calls `then` with every insert into the log, before it is sent. */
function beforeLogInserts(then) {
  const { Db } = require('mongoose').mongo;
  const { command } = Db.prototype;
  Db.prototype.command = async function (...args) {
    const [{ insert, documents }] = args;
    if (insert === 'log') await then(documents, (other) => command.call(this, other));
    return command.apply(this, args);
  };
}

let state = 0;
let arrays = 0;
let written = 0;
const PLANTS = {
  computation: () =>
    beforeLogInserts((documents) => {
      for (let left = documents.length * ITERATIONS; left > 0; left -= 1) state = (state * 31 + left) | 0;
    }),
  garbage: () =>
    beforeLogInserts((documents) => {
      for (let left = documents.length; left > 0; left -= 1) {
        arrays += 1;
        kept[arrays % KEPT] = new Array(DOUBLES).fill(arrays + 0.5);
      }
    }),
  // Of a partition that there is none of, so that nobody reads it.
  write: () =>
    beforeLogInserts(async (documents, command) => {
      for (const { version } of documents) {
        written += 1;
        const document = { _id: 99 * 2 ** 40 + written, p: 99, stream: 'planted', version: written, of: version };
        await command({ insert: 'log', documents: [document], writeConcern: JOURNALED });
      }
    }),
  message: () => {
    const nats = join(dirname(require.resolve('nats')), 'lib/nats-base-client/nats.js');
    const { NatsConnectionImpl } = require(nats);
    const { publish } = NatsConnectionImpl.prototype;
    NatsConnectionImpl.prototype.publish = function (subject, ...rest) {
      if (subject.startsWith('stepwell.work.')) publish.call(this, 'planted', new Uint8Array());
      return publish.call(this, subject, ...rest);
    };
  },
};

const answers = {
  '/begin': () => {
    profiler = new GCProfiler();
    profiler.start();
    heapAtStart = heap();
    return {};
  },
  '/end': () => ({ allocatedBytes: allocatedBytes() }),
  ...Object.fromEntries(
    Object.entries(PLANTS).map(([name, plant]) => [`/plant/${name}`, () => (plant(), { planted: name })]),
  ),
};

const server = createServer((request, response) => response.end(JSON.stringify(answers[request.url]())));
server.listen(process.env.GUARD_PROBE);
server.unref();
