import { setTimeout as delay } from 'node:timers/promises';
import { type Orders } from './orders';
import type { RunOrder } from './work';

/** Does what one run has to do, and resolves when there is room for the next. @throws Error when it can't be done */
export type Turn = (order: RunOrder) => Promise<void>;

/** A fixed number of runs in flight: each that is done makes room for the next, so that a slow engine is measured and not flooded. */
export class ClosedLoop {
  private turnMs: number[] = [];
  private isStopping = false;
  private readonly lanes: Promise<unknown>;

  constructor(
    inFlight: number,
    private readonly orders: Orders,
    private readonly turn: Turn,
  ) {
    this.lanes = Promise.all(Array.from({ length: inFlight }, () => this.lane()));
    // Whoever waits next is told; until then it isn't unhandled.
    this.lanes.catch(() => {
      this.isStopping = true;
    });
  }

  /** Lets it run for so long. @throws Error of the first turn that failed */
  async during(ms: number): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([this.lanes, delay(ms, undefined, { signal: over.signal })]);
    } finally {
      over.abort();
    }
  }

  openWindow(): void {
    this.turnMs = [];
  }

  /** How long each turn took that was done since the window was opened, in ms. */
  get window(): readonly number[] {
    return this.turnMs;
  }

  /** Begins no more turns. Resolves when all have been done. @throws Error of the first turn that failed */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.lanes;
  }

  private async lane(): Promise<void> {
    while (!this.isStopping) {
      const begunAt = performance.now();
      await this.turn(this.orders.next());
      this.turnMs.push(performance.now() - begunAt);
    }
  }
}
