// One Ctrl-C under npm is two signals: the terminal sends SIGINT to the whole process group, and npm hands its own copy on.
// A program that takes a second signal for impatience would never end in order.
const sameKeystrokeMs = 500;

/** Lets a repeated SIGINT or SIGTERM pass only when it comes later than npm's copy of the first could. */
export function foldRepeatedSignals() {
  const emit = process.emit;
  const lastAtMs = new Map();
  process.emit = function (name, ...args) {
    if (name === 'SIGINT' || name === 'SIGTERM') {
      const nowMs = performance.now();
      const repeated = nowMs - (lastAtMs.get(name) ?? -Infinity) < sameKeystrokeMs;
      lastAtMs.set(name, nowMs);
      if (repeated) return true;
    }
    return emit.call(this, name, ...args);
  };
}
