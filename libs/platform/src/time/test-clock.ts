import type { Clock } from '@stepwell/core';

/**
 * Time that moves when told to. A travelling clock calls every timer back at its own moment and in order, and lets what the
 * callback set in motion come to rest (microtasks and one turn of the event loop) before it goes on.
 */
export class TestClock implements Clock {
  private readonly timers = new Set<{ dueAt: number; order: number; callback: () => void }>();
  private elapsedMs = 0;
  private ordered = 0;

  constructor(private wallOffsetMs = Date.UTC(2026, 0, 1)) {}

  nowMs(): number {
    return this.wallOffsetMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueAt: this.elapsedMs + Math.max(0, delayMs), order: (this.ordered += 1), callback };
    this.timers.add(timer);
    return () => {
      this.timers.delete(timer);
    };
  }

  /** How many timers are set: what is to be one `setTimeout` can be seen to be one. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  async advance(byMs: number): Promise<void> {
    const until = this.elapsedMs + byMs;
    await settled();
    for (let next = this.nextUntil(until); next !== undefined; next = this.nextUntil(until)) {
      this.timers.delete(next);
      this.elapsedMs = Math.max(this.elapsedMs, next.dueAt);
      next.callback();
      await settled();
    }
    this.elapsedMs = until;
    await settled();
  }

  /** The wall clock jumps (somebody set it); the monotonic one doesn't notice. */
  jumpWallClock(byMs: number): void {
    this.wallOffsetMs += byMs;
  }

  private nextUntil(untilMs: number) {
    let next: { dueAt: number; order: number; callback: () => void } | undefined;
    for (const timer of this.timers) {
      if (timer.dueAt > untilMs) continue;
      if (next === undefined || timer.dueAt < next.dueAt || (timer.dueAt === next.dueAt && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
