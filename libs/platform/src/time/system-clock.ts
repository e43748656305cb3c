import type { Clock } from '@stepwell/core';

/** Node keeps a timer's delay in 32 signed bits and fires at once when it is more: 24.8 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Time as it is.
 *
 * 1. `after` never calls back early, by its own monotonic clock (Node's timers may, by a fraction of a millisecond).
 * 2. Any delay is good, also one of years.
 * 3. No timer keeps the process alive.
 */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): () => void {
    const dueAt = this.monotonicMs() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = () => {
      const restMs = Math.max(0, dueAt - this.monotonicMs());
      timer = setTimeout(fire, Math.min(Math.ceil(restMs), LONGEST_TIMER_MS)).unref();
    };
    const fire = () => {
      if (this.monotonicMs() < dueAt) arm();
      else callback();
    };
    arm();
    return () => {
      clearTimeout(timer);
    };
  }
}
