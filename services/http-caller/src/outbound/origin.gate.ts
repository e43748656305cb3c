/*
 * Who may send now, and who waits (H3). Owns the places of one kind of work (deliveries or calls); the connections are the
 * client's.
 *
 * 1. At most `places` run at once; an origin holds at most `placesPerOrigin` of them, and never more than are left free. So one
 *    origin alone takes half, two a third each, …, and there is always a place for an origin that has none.
 * 2. Waiting origins take turns, whatever the length of their queues.
 * 3. What doesn't fit into an origin's queue, or into all queues together, is refused at once: it belongs back on the bus.
 * 4. After `close` nothing is let in any more and what waits is refused; what runs is left alone.
 */

export interface OriginGateOptions {
  readonly places: number;
  readonly placesPerOrigin: number;
  readonly waitingPerOrigin: number;
  readonly waitingInAll: number;
}

/** `full`: try again later. `closed`: this process is going. */
export class GateRefusal extends Error {
  constructor(readonly reason: 'full' | 'closed') {
    super(reason === 'full' ? 'too many requests are waiting for this origin' : 'this process is shutting down');
    this.name = 'GateRefusal';
  }
}

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (refusal: GateRefusal) => void;
}

interface Origin {
  running: number;
  readonly queue: Waiting[];
}

export class OriginGate {
  /** In turn order: an origin that got a place goes to the end. */
  private readonly origins = new Map<string, Origin>();
  private running = 0;
  private waiting = 0;
  private closed = false;

  constructor(private readonly options: OriginGateOptions) {}

  /** Runs `work` in a place of `origin`. @throws GateRefusal */
  async run<T>(origin: string, work: () => Promise<T>): Promise<T> {
    await this.enter(origin);
    try {
      return await work();
    } finally {
      this.leave(origin);
    }
  }

  close(): void {
    this.closed = true;
    for (const [name, origin] of this.origins) {
      for (const { refuse } of origin.queue.splice(0)) refuse(new GateRefusal('closed'));
      if (origin.running === 0) this.origins.delete(name);
    }
    this.waiting = 0;
  }

  private enter(name: string): Promise<void> | undefined {
    if (this.closed) throw new GateRefusal('closed');
    const origin = this.origins.get(name) ?? { running: 0, queue: [] };
    if (origin.queue.length === 0 && this.hasPlace(origin)) {
      this.take(name, origin);
      return undefined;
    }
    if (origin.queue.length >= this.options.waitingPerOrigin || this.waiting >= this.options.waitingInAll) {
      throw new GateRefusal('full');
    }
    this.origins.set(name, origin);
    this.waiting += 1;
    return new Promise((admit, refuse) => {
      origin.queue.push({ admit, refuse });
    });
  }

  private leave(name: string): void {
    this.running -= 1;
    const origin = this.origins.get(name);
    if (origin !== undefined) {
      origin.running -= 1;
      if (origin.running === 0 && origin.queue.length === 0) this.origins.delete(name);
    }
    this.admitWaiting();
  }

  private admitWaiting(): void {
    if (this.waiting === 0) return;
    // A copy, because taking a place moves the origin to the end.
    for (const [name, origin] of [...this.origins]) {
      if (this.running >= this.options.places) return;
      if (!this.hasPlace(origin)) continue;
      const next = origin.queue.shift();
      if (next === undefined) continue;
      this.waiting -= 1;
      this.take(name, origin);
      next.admit();
    }
  }

  private hasPlace(origin: Origin): boolean {
    const free = this.options.places - this.running;
    return free > 0 && origin.running < Math.min(this.options.placesPerOrigin, Math.max(1, free));
  }

  private take(name: string, origin: Origin): void {
    origin.running += 1;
    this.running += 1;
    this.origins.delete(name);
    this.origins.set(name, origin);
  }
}
