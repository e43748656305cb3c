import type { Clock } from './clock.port';

const SYNC_EVERY_MS = 30_000;
/** As long as nobody has answered, or not soon enough to tell what time it is. */
const NEXT_SYNC_MS = 1_000;
/** Good enough: it can't be wrong by more. */
const FINE_MS = 20;
/** An answer that took longer says too little about what time it is, if anything is known. */
const LONGEST_ROUND_TRIP_MS = 1_000;

/** Between which two moments the primary was when the own monotonic clock was there. */
interface Anchor {
  readonly earliestMs: number;
  readonly latestMs: number;
  readonly monotonicMs: number;
}

/**
 * The time of MongoDB's primary, which all services keep (architecture.md T2): asked for now and then, carried in between, and through any
 * outage, by the own monotonic clock.
 *
 * 1. An answer tells a span: the primary's clock was there at some time between the question and the answer. Every one makes the span
 *    smaller that is known already; one that has nothing in common with it (another primary, a clock that was set) begins anew.
 * 2. `nowMs` is the span's beginning, and never ahead: what is due by it is due by the primary's. `latestMs` is its end: what is to last
 *    for a while, and is counted from there, is over by nobody's clock too early.
 */
export class PrimaryClock implements Clock {
  private anchor: Anchor | undefined;
  private cancelTimer: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly base: Clock,
    /** Of the primary itself, or of somebody who keeps its time. */
    private readonly readServerMs: () => Promise<number>,
  ) {}

  nowMs(): number {
    return Math.trunc(this.anchor ? this.carried(this.anchor.earliestMs, this.anchor) : this.base.nowMs());
  }

  latestMs(): number {
    return Math.ceil(this.anchor ? this.carried(this.anchor.latestMs, this.anchor) : this.base.nowMs());
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
      this.learn(await this.readServerMs(), this.base.monotonicMs() - sentAt);
    } catch {
      // Carried on. That nobody can be reached is said by who needs them.
    }
    if (this.stopped) return;
    this.cancelTimer = this.base.after(this.isFine() ? SYNC_EVERY_MS : NEXT_SYNC_MS, () => void this.start());
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer();
  }

  private learn(serverMs: number, roundTripMs: number): void {
    const monotonicMs = this.base.monotonicMs();
    const told = { earliestMs: serverMs, latestMs: serverMs + roundTripMs, monotonicMs };
    const { anchor } = this;
    if (anchor === undefined) {
      this.anchor = told;
      return;
    }
    if (roundTripMs > LONGEST_ROUND_TRIP_MS) return;
    const earliestMs = Math.max(told.earliestMs, this.carried(anchor.earliestMs, anchor));
    const latestMs = Math.min(told.latestMs, this.carried(anchor.latestMs, anchor));
    this.anchor = earliestMs <= latestMs ? { earliestMs, latestMs, monotonicMs } : told;
  }

  private carried(ms: number, { monotonicMs }: Anchor): number {
    return ms + this.base.monotonicMs() - monotonicMs;
  }

  private isFine(): boolean {
    return this.anchor !== undefined && this.anchor.latestMs - this.anchor.earliestMs <= FINE_MS;
  }
}
