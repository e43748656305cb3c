import type { Clock } from '@stepwell/core';

/** Time as it is, for specs against a real server. Keeps nothing alive. */
export const REAL_CLOCK: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.ceil(delayMs)).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Says what it is told to say; `after` is real, so that waiting code goes on. */
export class SettableClock implements Clock {
  readonly after = REAL_CLOCK.after;

  constructor(public now = 1_700_000_000_000) {}

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return REAL_CLOCK.monotonicMs();
  }
}

/** Lets a process stand still, as SIGSTOP does: time goes on, none of its timers fires. */
export class FreezableClock implements Clock {
  private frozen = false;

  nowMs(): number {
    return REAL_CLOCK.nowMs();
  }

  monotonicMs(): number {
    return REAL_CLOCK.monotonicMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return REAL_CLOCK.after(delayMs, () => {
      if (!this.frozen) callback();
    });
  }

  /** For good. */
  freeze(): void {
    this.frozen = true;
  }
}
