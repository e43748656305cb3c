import type { TimerRow } from '@stepwell/core';
import { DueHeap } from './due.heap';

/** How much of the store is kept in memory, per partition. */
export interface LookAhead {
  /** How far ahead timers are loaded. */
  readonly windowMs: number;
  /** How many at one go, beyond those known already. */
  readonly pageSize: number;
}

/** What is known never grows beyond so many pages: a partition that nobody answers for must not fill the memory. */
const MAX_PAGES_KNOWN = 4;

type Phase = 'waiting' | 'asking' | 'answered';
interface Known {
  readonly row: TimerRow;
  phase: Phase;
}

/**
 * One partition's timers of the next minutes, as far as memory has to know them. No clock, no store: it is told the time and what
 * was read, and says what to read and what is due.
 *
 * P1 Everything in the store that is due before `loadedUntilMs` is known, or was removed. What is due later is not.
 * P2 A timer is `waiting` (in the heap), `asking` (handed out once) or `answered` (its removal isn't confirmed yet); only a
 *    confirmed removal forgets it, so that a read that began earlier can't bring an answered timer back.
 * P3 What was cancelled while it was asked about stays cancelled: handing it back is ignored.
 */
export class PartitionTimers {
  private readonly known = new Map<string, Known>();
  private readonly heap = new DueHeap();
  private loadedUntilMs = -Infinity;
  /** What `loadedUntilMs` was before the read under way. */
  private loadedBeforeMs = -Infinity;
  private isTruncated = false;
  /** During a read: ids that are gone, whatever the read says. */
  private goneMeanwhile: Set<string> | undefined;

  constructor(
    readonly partition: number,
    private readonly lookAhead: LookAhead,
  ) {}

  get isLoaded(): boolean {
    return this.loadedUntilMs > -Infinity;
  }

  get knownCount(): number {
    return this.known.size;
  }

  /** When the next part of the store has to be read; -Infinity = at once, Infinity = not before some are gone. */
  get loadAtMs(): number {
    const { windowMs, pageSize } = this.lookAhead;
    if (!this.isLoaded) return -Infinity;
    if (!this.isTruncated) return this.loadedUntilMs - windowMs / 2;
    if (this.known.size < pageSize / 2) return -Infinity;
    return this.known.size < pageSize * MAX_PAGES_KNOWN ? this.loadedUntilMs : Infinity;
  }

  /** What to read. From here on, what is set and due before `beforeMs` is kept: the read may miss it. */
  beginLoad(nowMs: number): { readonly beforeMs: number; readonly limit: number } {
    const beforeMs = nowMs + this.lookAhead.windowMs;
    this.goneMeanwhile = new Set();
    this.loadedBeforeMs = this.loadedUntilMs;
    this.loadedUntilMs = Math.max(this.loadedUntilMs, beforeMs);
    return { beforeMs, limit: this.known.size + this.lookAhead.pageSize };
  }

  endLoad(asked: { readonly beforeMs: number; readonly limit: number }, rows: readonly TimerRow[]): void {
    const gone = this.goneMeanwhile ?? new Set();
    this.goneMeanwhile = undefined;
    const last = rows.at(-1);
    this.isTruncated = last !== undefined && rows.length >= asked.limit;
    // The read is in order of time: of those due together with its last row it may have missed some.
    this.loadedUntilMs = last !== undefined && this.isTruncated ? last.dueAt : asked.beforeMs;
    for (const row of rows) if (!gone.has(row.id)) this.keep(row);
  }

  /** The read failed: as much is known as before. */
  failLoad(): void {
    this.goneMeanwhile = undefined;
    this.loadedUntilMs = this.loadedBeforeMs;
  }

  /** A timer that is in the store now. Told whether it belongs to what is known. */
  set(row: TimerRow): boolean {
    this.goneMeanwhile?.delete(row.id);
    if (row.dueAt >= this.loadedUntilMs) return false;
    this.keep(row);
    return true;
  }

  /** No longer in the store, or about to be removed from it. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.known.delete(id);
      this.heap.delete(id);
      this.goneMeanwhile?.add(id);
    }
  }

  get nextDueAtMs(): number | undefined {
    return this.heap.soonest?.dueAt;
  }

  /** Hands out what is due, soonest first. Each must come back by `handBack`, `answered` or `forget`. */
  takeDue(nowMs: number, atMost: number): TimerRow[] {
    const taken: TimerRow[] = [];
    while (taken.length < atMost) {
      const due = this.heap.takeDue(nowMs);
      if (due === undefined) break;
      const timer = this.known.get(due.id);
      if (timer === undefined) continue;
      timer.phase = 'asking';
      taken.push(timer.row);
    }
    return taken;
  }

  /** To be asked again, not before `notBeforeMs`. */
  handBack(row: TimerRow, notBeforeMs: number): void {
    const timer = this.known.get(row.id);
    if (timer?.phase !== 'asking') return;
    timer.phase = 'waiting';
    this.heap.set({ id: row.id, dueAt: Math.max(row.dueAt, notBeforeMs) });
  }

  /** Its ask was answered: it isn't asked again, and stays known until `forget`. */
  answered(id: string): void {
    const timer = this.known.get(id);
    if (timer !== undefined) timer.phase = 'answered';
  }

  private keep(row: TimerRow): void {
    const timer = this.known.get(row.id);
    if (timer !== undefined && timer.phase !== 'waiting') return;
    // A waiting one that was handed back later than its row says keeps that time.
    if (timer !== undefined && timer.row.dueAt === row.dueAt) return;
    this.known.set(row.id, { row, phase: 'waiting' });
    this.heap.set({ id: row.id, dueAt: row.dueAt });
  }
}
