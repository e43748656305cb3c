/*
 * One timer for all time-outs of a bus: a timer per ask would cost more than the ask (architecture.md 7a). A deadline fires up to
 * SWEEP_MS late, never early. Doesn't keep the process alive.
 */

const SWEEP_MS = 20;

export interface Deadline {
  /** On the clock of `performance.now()`. */
  readonly dueAtMs: number;
  expire(): void;
}

export class DeadlineSweep {
  private readonly pending = new Set<Deadline>();
  private soonestMs = Infinity;
  private timer: NodeJS.Timeout | undefined;

  add(deadline: Deadline): void {
    this.pending.add(deadline);
    if (deadline.dueAtMs < this.soonestMs) this.soonestMs = deadline.dueAtMs;
    this.timer ??= setInterval(() => {
      this.sweep();
    }, SWEEP_MS).unref();
  }

  delete(deadline: Deadline): void {
    this.pending.delete(deadline);
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.pending.clear();
  }

  private sweep(): void {
    if (this.pending.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
      this.soonestMs = Infinity;
      return;
    }
    const nowMs = performance.now();
    if (nowMs < this.soonestMs) return;
    let soonestMs = Infinity;
    for (const deadline of this.pending) {
      if (deadline.dueAtMs <= nowMs) {
        this.pending.delete(deadline);
        deadline.expire();
      } else if (deadline.dueAtMs < soonestMs) soonestMs = deadline.dueAtMs;
    }
    // What an `expire` added meanwhile was visited too: a Set's iteration includes what is added during it.
    this.soonestMs = soonestMs;
  }
}
