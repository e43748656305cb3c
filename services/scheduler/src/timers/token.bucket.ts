/** Bounds a rate: so many a second on average, a tenth of a second's worth at once. Time comes in, monotonic. */
export class TokenBucket {
  private tokens: number;
  private filledAtMs = 0;
  private readonly capacity: number;

  constructor(private readonly perSecond: number) {
    this.capacity = Math.max(1, perSecond / 10);
    this.tokens = this.capacity;
  }

  available(monotonicMs: number): number {
    const elapsedMs = Math.max(0, monotonicMs - this.filledAtMs);
    this.tokens = Math.min(this.capacity, this.tokens + (elapsedMs * this.perSecond) / 1000);
    this.filledAtMs = monotonicMs;
    return Math.floor(this.tokens);
  }

  take(count: number): void {
    this.tokens -= count;
  }

  /** How long until there is one. */
  waitMs(monotonicMs: number): number {
    return this.available(monotonicMs) >= 1 ? 0 : ((1 - this.tokens) * 1000) / this.perSecond;
  }
}
