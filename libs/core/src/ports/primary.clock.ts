import type { Clock } from './clock.port';

const SYNC_EVERY_MS = 30_000;
/** As long as nobody has answered, it is the own clock, which may be wrong. */
const FIRST_SYNC_EVERY_MS = 1_000;
/** An answer that took longer says too little about what time it is. */
const LONGEST_ROUND_TRIP_MS = 1_000;

/**
 * The time of MongoDB's primary, which all services keep (architecture.md T2): asked for now and then, carried in between, and through any outage, by the own
 * monotonic clock. It is taken as of when the answer arrived, so it is at most a round trip behind and never ahead: what is due by
 * this clock is due by the primary's.
 */
export class PrimaryClock implements Clock {
  private anchor: { serverMs: number; monotonicMs: number } | undefined;
  private cancelTimer: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly base: Clock,
    /** Of the primary itself, or of somebody who keeps its time. */
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
      // Carried on. That nobody can be reached is said by who needs them.
    }
    if (this.stopped) return;
    const againAfterMs = this.anchor === undefined ? FIRST_SYNC_EVERY_MS : SYNC_EVERY_MS;
    this.cancelTimer = this.base.after(againAfterMs, () => void this.start());
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer();
  }
}
