/*
 * Encoded log entries of recent runs (H5). Entries never change, so what is here is right as long as it is this run's.
 *
 * 1. Bounded in bytes; the run that was not needed for the longest time goes first, as a whole: half a history saves no ask.
 * 2. An entry known under another message id means that the run itself is another one (a store that was restored or emptied):
 *    everything kept of it is dropped.
 */

interface CachedEntry {
  readonly messageId: string;
  readonly encoded: Uint8Array;
}

interface CachedRun {
  readonly entries: Map<number, CachedEntry>;
  sizeBytes: number;
}

/** What a small entry costs besides its bytes. */
const ENTRY_OVERHEAD_BYTES = 200;

export class EntryCache {
  /** Least recently needed first. */
  private readonly runs = new Map<string, CachedRun>();
  private heldBytes = 0;

  constructor(private readonly maxBytes: number) {}

  get sizeBytes(): number {
    return this.heldBytes;
  }

  /** Marks the run as needed now. */
  touch(runId: string): void {
    const run = this.runs.get(runId);
    if (run === undefined) return;
    this.runs.delete(runId);
    this.runs.set(runId, run);
  }

  /** @param messageId if known, for rule 2. */
  get(runId: string, index: number, messageId?: string): Uint8Array | undefined {
    const entry = this.runs.get(runId)?.entries.get(index);
    if (entry === undefined) return undefined;
    if (messageId !== undefined && entry.messageId !== messageId) {
      this.drop(runId);
      return undefined;
    }
    return entry.encoded;
  }

  put(runId: string, index: number, messageId: string, encoded: Uint8Array): void {
    const run = this.runs.get(runId) ?? { entries: new Map<number, CachedEntry>(), sizeBytes: 0 };
    if (run.entries.has(index)) return;
    const sizeBytes = encoded.byteLength + ENTRY_OVERHEAD_BYTES;
    run.entries.set(index, { messageId, encoded });
    run.sizeBytes += sizeBytes;
    this.heldBytes += sizeBytes;
    this.runs.set(runId, run);
    this.shrink();
  }

  private shrink(): void {
    for (const runId of this.runs.keys()) {
      if (this.heldBytes <= this.maxBytes) return;
      this.drop(runId);
    }
  }

  private drop(runId: string): void {
    this.heldBytes -= this.runs.get(runId)?.sizeBytes ?? 0;
    this.runs.delete(runId);
  }
}
