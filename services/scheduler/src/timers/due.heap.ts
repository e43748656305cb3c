export interface Due {
  readonly id: string;
  /** Unix ms. */
  readonly dueAt: number;
}

/**
 * A binary heap of what is due when, soonest first, from which anything can be taken out by its id (a timer may be cancelled or
 * moved). Equal times go by id, so that the order is the store's.
 *
 * 1. `slots[0]` is the soonest; no slot is sooner than its parent `(i - 1) >> 1`.
 * 2. `slotOf` knows the slot of every id and of nothing else.
 */
export class DueHeap {
  private readonly slots: Due[] = [];
  private readonly slotOf = new Map<string, number>();

  get size(): number {
    return this.slots.length;
  }

  get soonest(): Due | undefined {
    return this.slots[0];
  }

  /** Adds, or moves what has this id already. */
  set(due: Due): void {
    this.delete(due.id);
    this.slots.push(due);
    this.rise(this.slots.length - 1, due);
  }

  delete(id: string): boolean {
    const slot = this.slotOf.get(id);
    if (slot === undefined) return false;
    this.slotOf.delete(id);
    const last = this.slots.pop();
    if (last === undefined || last.id === id) return true;
    this.sink(slot, last);
    this.rise(this.slotOf.get(last.id) ?? slot, last);
    return true;
  }

  /** Takes the soonest out when it is due at `nowMs`. */
  takeDue(nowMs: number): Due | undefined {
    const due = this.soonest;
    if (due === undefined || due.dueAt > nowMs) return undefined;
    this.delete(due.id);
    return due;
  }

  private rise(slot: number, due: Due): void {
    let at = slot;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.slots[parentAt];
      if (parent === undefined || !isSooner(due, parent)) break;
      this.put(at, parent);
      at = parentAt;
    }
    this.put(at, due);
  }

  private sink(slot: number, due: Due): void {
    let at = slot;
    for (;;) {
      const left = this.slots[2 * at + 1];
      const right = this.slots[2 * at + 2];
      if (left === undefined) break;
      const rightIsSooner = right !== undefined && isSooner(right, left);
      const child = rightIsSooner ? right : left;
      if (!isSooner(child, due)) break;
      this.put(at, child);
      at = 2 * at + (rightIsSooner ? 2 : 1);
    }
    this.put(at, due);
  }

  private put(slot: number, due: Due): void {
    this.slots[slot] = due;
    this.slotOf.set(due.id, slot);
  }
}

function isSooner(a: Due, b: Due): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.id < b.id);
}
