// A lock file between two bootstraps of the same checkout (an editor's test run beside `npm start`, say).
//
// K1. Held by the file's existence, made with `wx`: at most one maker succeeds.
// K2. A holder that died is told by its process id, one in another container by a heartbeat that stopped.
// K3. Taking a dead holder's lock is a rename, which one of two takers wins; a live lock renamed by mistake is put back.
import { linkSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { readIfThere } from './files.mjs';

const heartbeatMs = 2_000;
const silentAfterMs = 15_000;
const pollMs = 200;

/** Runs `work` while holding the lock at `path`, waiting for as long as somebody alive holds it. */
export async function holdingLock(path, work) {
  const mine = `${process.pid} ${Date.now()}\n`;
  let told = false;
  while (!tryTake(path, mine)) {
    const holder = readIfThere(path);
    if (holder === undefined) continue;
    if (isDead(path, holder)) {
      removeDead(path, holder);
      continue;
    }
    if (!told) process.stderr.write(`Waiting for process ${holder.split(' ')[0]}, which is preparing this checkout.\n`);
    told = true;
    await pause(pollMs);
  }
  const heart = setInterval(() => {
    if (readIfThere(path) === mine) utimesSync(path, new Date(), new Date());
  }, heartbeatMs);
  heart.unref();
  try {
    return await work();
  } finally {
    clearInterval(heart);
    if (readIfThere(path) === mine) unlinkSync(path);
  }
}

function tryTake(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isDead(path, holder) {
  const silentMs = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (silentMs > silentAfterMs) return true;
  const pid = Number.parseInt(holder, 10);
  // A maker killed between making the file and writing its id leaves it empty: only its silence tells.
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error.code === 'ESRCH';
  }
}

function removeDead(path, holder) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readIfThere(aside) !== holder) {
    try {
      linkSync(aside, path);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  unlinkSync(aside);
}
