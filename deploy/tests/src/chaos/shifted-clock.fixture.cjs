'use strict';
/*
 * Loaded before a service (`node --require`): its wall clock, and nothing else, is off by as many milliseconds as the file says that is
 * named after its process. The monotonic clock and all timers go on as they were, as on a machine whose date somebody has set.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const LOOK_EVERY_MS = 50;
const file = join(process.env.CHAOS_CLOCKS ?? '', String(process.pid));
const RealDate = Date;
const realNow = RealDate.now.bind(RealDate);
let offsetMs = 0;

setInterval(() => {
  try {
    offsetMs = Number(readFileSync(file, 'utf8'));
  } catch {
    offsetMs = 0;
  }
}, LOOK_EVERY_MS).unref();

RealDate.now = () => realNow() + offsetMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) =>
    Reflect.construct(
      target,
      given.length === 0 ? [RealDate.now()] : given,
      newTarget === globalThis.Date ? target : newTarget,
    ),
  apply: () => new RealDate(RealDate.now()).toString(),
});
