import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition instead of guessing a time. */
export async function until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > endMs)
      throw new Error(`still not so after ${String(timeoutMs)} ms: ${condition.toString()}`);
    await delay(5);
  }
}
