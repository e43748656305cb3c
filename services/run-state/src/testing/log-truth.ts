import type { LogEntry, Obligation, RunState } from '@stepwell/core';
import { evolve } from '@stepwell/core';
import type { MemoryData } from '@stepwell/event-store';
import { RUNS } from '../aggregates';
import { parseEvent } from '../partition/stream';

/** What the log alone says, recomputed from the stored documents: what everything else is held against. */
export class LogTruth {
  readonly runs = new Map<string, RunState>();
  /** Every effect that a stored entry ever made owed, with its place. */
  readonly emitted = new Map<
    string,
    { readonly partition: number; readonly n: number; readonly obligation: Obligation }
  >();

  constructor(private readonly data: MemoryData) {
    for (const [partition, entries] of data.entries) {
      for (const [n, entry] of [...entries].sort(([a], [b]) => a - b)) {
        if (entry.stream.startsWith('run-')) this.fold(partition, n, entry);
      }
    }
  }

  private fold(partition: number, n: number, entry: Pick<LogEntry, 'stream' | 'version' | 'at' | 'events'>): void {
    const { stream, version, at } = entry;
    const folded = evolve(this.runs.get(stream), {
      stream,
      version,
      at,
      events: entry.events.map((event) => parseEvent(RUNS, event)),
    });
    this.runs.set(stream, folded.state);
    for (const { effectId, obligation } of folded.changes.owed)
      this.emitted.set(effectId, { partition, n, obligation });
  }

  isOwed(effectId: string): boolean {
    return [...this.runs.values()].some((state) => state.owed.has(effectId));
  }

  /** Effects that only a later event ends; the others end when somebody says that he did them. */
  owedDeliveries(): string[] {
    return [...this.runs.values()].flatMap((state) =>
      [...state.owed].flatMap(([effectId, { type }]) => (type === 'Deliver' || type === 'CallOut' ? [effectId] : [])),
    );
  }

  /** Effects that the stored checkpoints call settled, though `isSettled` and the log say otherwise (E1). */
  leads(isSettled: (effectId: string, obligation: Obligation) => boolean): string[] {
    const owed = new Set(this.owedDeliveries());
    return [...this.emitted].flatMap(([effectId, { partition, n, obligation }]) => {
      const checkpoint = this.data.checkpoints.get(partition);
      if (!checkpoint || n > checkpoint.n || checkpoint.holes.includes(n)) return [];
      return owed.has(effectId) || !isSettled(effectId, obligation) ? [effectId] : [];
    });
  }
}
