import type { Clock } from '@stepwell/core';

const SYNC_EVERY_MS = 30_000;
/** An answer that took longer says too little about what time it is. */
const LONGEST_ROUND_TRIP_MS = 1_000;

/**
 * The primary's time (architecture.md T2): asked for now and then, carried in between, and through any outage, by the own
 * monotonic clock. It is taken as of when the answer arrived, so it is at most a round trip behind and never ahead: what is due by
 * this clock is due by the primary's.
 */
export class ServerClock implements Clock {
  private anchor: { serverMs: number; monotonicMs: number } | undefined;
  private cancelTimer: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly base: Clock,
    private readonly readServerMs: () => Promise<number>,
  ) {}

  nowMs(): number {
    if (this.anchor === undefined) return Math.trunc(this.base.nowMs());
    return Math.trunc(this.anchor.serverMs + this.base.monotonicMs() - this.anchor.monotonicMs);
  }

  monotonicMs(): number {
    return this.base.monotonicMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.base.after(delayMs, callback);
  }

  /** Asks now, and from now on now and then. Never rejects: without an answer the time is carried on. */
  async start(): Promise<void> {
    this.cancelTimer();
    try {
      const sentAt = this.base.monotonicMs();
      const serverMs = await this.readServerMs();
      const monotonicMs = this.base.monotonicMs();
      if (this.anchor === undefined || monotonicMs - sentAt <= LONGEST_ROUND_TRIP_MS) {
        this.anchor = { serverMs, monotonicMs };
      }
    } catch {
      // Carried on. That the database can't be reached is said by who needs it.
    }
    if (this.stopped) return;
    this.cancelTimer = this.base.after(SYNC_EVERY_MS, () => void this.start());
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer();
  }
}
