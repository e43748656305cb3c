/*
 * What waits for something under a key, with one timer for all time-outs: a timer per ask would cost more than the ask
 * (architecture.md 7a). A deadline fires up to SWEEP_MS late, never early; the timer doesn't keep the process alive.
 */

const SWEEP_MS = 20;

export interface Deadline {
  /** On the clock of `performance.now()`. */
  readonly dueAtMs: number;
  /** Its time has passed; it is no longer in the map. */
  expire(): void;
}

export class DeadlineMap<Key, Entry extends Deadline> {
  private readonly entries = new Map<Key, Entry>();
  private soonestMs = Infinity;
  private timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.entries.size;
  }

  get(key: Key): Entry | undefined {
    return this.entries.get(key);
  }

  set(key: Key, entry: Entry): void {
    this.entries.set(key, entry);
    if (entry.dueAtMs < this.soonestMs) this.soonestMs = entry.dueAtMs;
    this.timer ??= setInterval(() => {
      this.sweep();
    }, SWEEP_MS).unref();
  }

  delete(key: Key): void {
    this.entries.delete(key);
  }

  /** Takes everything out. */
  clear(): Entry[] {
    const all = [...this.entries.values()];
    this.entries.clear();
    this.stop();
    return all;
  }

  private sweep(): void {
    if (this.entries.size === 0) {
      this.stop();
      return;
    }
    const nowMs = performance.now();
    if (nowMs < this.soonestMs) return;
    const due: Entry[] = [];
    let soonestMs = Infinity;
    for (const [key, entry] of this.entries) {
      if (entry.dueAtMs <= nowMs) {
        this.entries.delete(key);
        due.push(entry);
      } else if (entry.dueAtMs < soonestMs) soonestMs = entry.dueAtMs;
    }
    this.soonestMs = soonestMs;
    for (const entry of due) entry.expire();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.soonestMs = Infinity;
  }
}
