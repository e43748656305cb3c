import type { Clock } from '@stepwell/core';

/*
 * Who may go ahead now, and who waits (H3, B4): places that are shared by keys, such as the origins that requests go to.
 *
 * 1. At most `places` run at once; a key holds at most `placesPerKey` of them, and never more than are left free. So one key alone takes
 *    half, two a third each, …, and there is always a place for a key that has none.
 * 2. Waiting keys take turns, whatever the length of their queues.
 * 3. What doesn't fit into a key's queue, or into all queues together, is refused at once.
 * 4. Where politeness is asked for, a key that isn't the only one of the last seconds holds no more than that many places: however many
 *    are free, what runs in them takes something from the others.
 * 5. After `close` nothing is let in any more and what waits is refused; what runs is left alone.
 */

export interface FairGateOptions {
  readonly places: number;
  readonly placesPerKey: number;
  readonly waitingPerKey: number;
  readonly waitingInAll: number;
  /** Places of a key beside others. Default: as alone. */
  readonly politeness?: { readonly placesPerKey: number; readonly clock: Pick<Clock, 'monotonicMs'> };
}

/** Others that have come within this time are there. */
const BESIDE_OTHERS_MS = 5_000;

/** `full`: try again later. `closed`: this process is going. */
export class GateRefusal extends Error {
  constructor(readonly reason: 'full' | 'closed') {
    super(reason === 'full' ? 'too much is waiting' : 'this process is shutting down');
    this.name = 'GateRefusal';
  }
}

/** One for all: under a flood nobody reads where they came from, and that would be most of what they cost. */
const FULL = new GateRefusal('full');

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

interface Share {
  running: number;
  readonly queue: Waiting[];
}

export class FairGate {
  /** In turn order: a key that got a place goes to the end. */
  private readonly shares = new Map<string, Share>();
  private running = 0;
  private waiting = 0;
  private closed = false;
  private lastKey: string | undefined;
  private otherCameAtMs = -Infinity;

  constructor(private readonly options: FairGateOptions) {}

  /**
   * Runs `work` in a place of `key`.
   * @param patience ends the wait for a place, not the work; asked for when it has to wait
   * @throws GateRefusal, or the patience's reason
   */
  async run<T>(key: string, work: () => Promise<T>, patience?: () => AbortSignal): Promise<T> {
    const waiting = this.enter(key, patience);
    if (waiting !== undefined) await waiting;
    try {
      return await work();
    } finally {
      this.leave(key);
    }
  }

  get waitingCount(): number {
    return this.waiting;
  }

  close(): void {
    this.closed = true;
    for (const [key, share] of this.shares) {
      for (const { refuse } of share.queue.splice(0)) refuse(new GateRefusal('closed'));
      if (share.running === 0) this.shares.delete(key);
    }
    this.waiting = 0;
  }

  private enter(key: string, patience: (() => AbortSignal) | undefined): Promise<void> | undefined {
    if (this.closed) throw new GateRefusal('closed');
    this.noteComing(key);
    const share = this.shares.get(key) ?? { running: 0, queue: [] };
    if (share.queue.length === 0 && this.hasPlace(share)) {
      this.take(key, share);
      return undefined;
    }
    if (share.queue.length >= this.options.waitingPerKey || this.waiting >= this.options.waitingInAll) {
      throw FULL;
    }
    const limit = patience?.();
    limit?.throwIfAborted();
    this.shares.set(key, share);
    this.waiting += 1;
    return new Promise((admit, refuse) => {
      const waiting = { admit, refuse };
      share.queue.push(waiting);
      limit?.addEventListener('abort', () => {
        this.giveUp(key, share, waiting, limit.reason);
      });
    });
  }

  private giveUp(key: string, share: Share, waiting: Waiting, reason: unknown): void {
    const at = share.queue.indexOf(waiting);
    if (at < 0) return;
    share.queue.splice(at, 1);
    this.waiting -= 1;
    if (share.running === 0 && share.queue.length === 0) this.shares.delete(key);
    waiting.refuse(reason);
  }

  private leave(key: string): void {
    this.running -= 1;
    const share = this.shares.get(key);
    if (share !== undefined) {
      share.running -= 1;
      if (share.running === 0 && share.queue.length === 0) this.shares.delete(key);
    }
    this.admitWaiting();
  }

  private admitWaiting(): void {
    if (this.waiting === 0) return;
    // A copy, because taking a place moves the key to the end.
    for (const [key, share] of [...this.shares]) {
      if (this.running >= this.options.places) return;
      if (!this.hasPlace(share)) continue;
      const next = share.queue.shift();
      if (next === undefined) continue;
      this.waiting -= 1;
      this.take(key, share);
      next.admit();
    }
  }

  private hasPlace({ running }: Share): boolean {
    const free = this.options.places - this.running;
    return free > 0 && running < Math.min(this.placesPerKey(), Math.max(1, free));
  }

  private placesPerKey(): number {
    const { placesPerKey, politeness } = this.options;
    if (politeness === undefined) return placesPerKey;
    const isAlone = politeness.clock.monotonicMs() - this.otherCameAtMs > BESIDE_OTHERS_MS;
    return isAlone ? placesPerKey : politeness.placesPerKey;
  }

  private noteComing(key: string): void {
    const { politeness } = this.options;
    if (politeness === undefined || key === this.lastKey) return;
    if (this.lastKey !== undefined) this.otherCameAtMs = politeness.clock.monotonicMs();
    this.lastKey = key;
  }

  private take(key: string, share: Share): void {
    share.running += 1;
    this.running += 1;
    this.shares.delete(key);
    this.shares.set(key, share);
  }
}
