interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/**
 * The time of a scenario, and everything that is going to happen in it.
 *
 * 1. Time passes only from one event to the next: months of sleep take no time.
 * 2. Events happen in the order of their times, those of the same time in the order they were planned. What one sets in motion
 *    (promises) comes to rest before the next.
 * 3. Nothing in a scenario may wait for anything else: no timer, no I/O. So the same seed is the same story.
 */
export class VirtualTime {
  private readonly heap: Event[] = [];
  private order = 0;
  private elapsedMs = 0;
  /** How many events have happened. */
  happened = 0;

  get nowMs(): number {
    return this.elapsedMs;
  }

  /** @returns what calls it off. */
  at(atMs: number, run: () => void): () => void {
    const event: Event = { atMs: Math.max(atMs, this.elapsedMs), order: (this.order += 1), run };
    this.push(event);
    return () => {
      event.run = undefined;
    };
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.elapsedMs + Math.max(0, delayMs), run);
  }

  /** Lets things happen until `isOver`, or until nothing more is going to before `untilMs`. */
  async run(untilMs: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const event = this.heap[0];
      if (event === undefined || event.atMs > untilMs) {
        this.elapsedMs = Math.max(this.elapsedMs, untilMs);
        return;
      }
      this.pop();
      if (event.run === undefined) continue;
      this.elapsedMs = Math.max(this.elapsedMs, event.atMs);
      this.happened += 1;
      event.run();
      await rest();
    }
  }

  /** What was planned until then happens then, late: as on a machine that was asleep. */
  leapTo(atMs: number): void {
    this.elapsedMs = Math.max(this.elapsedMs, atMs);
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Every promise that can be settled is, before a turn of the event loop. */
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
