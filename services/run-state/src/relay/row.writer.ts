import type { RunRow, RunRows } from '@stepwell/core';
import type { Logger } from 'pino';

const RETRY_MS = { first: 100, most: 5_000 };
/** Who needs the rows asks for them ({@link RowWriter.flush}); written as they come, they were most of what the store was asked to do. */
const GATHERING_MS = 50;
const BATCH = 500;

interface Pending {
  readonly row: RunRow;
  readonly onWritten: (() => void)[];
}

/**
 * The `runs` read model (L9): rows are upserted in batches, the newest version of each, until the store has taken them. Written only
 * when a run's status changes, because only then is a row owed.
 */
export class RowWriter {
  private readonly pending = new Map<string, Pending>();
  private inFlight: readonly Pending[] = [];
  private isWriting = false;
  private flushing = 0;
  private hurry: () => void = () => undefined;

  constructor(
    private readonly rows: Pick<RunRows, 'upsert'>,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly pause: (ms: number) => Promise<void>,
  ) {}

  /** Rows of committed state only. `onWritten` is called when the store has it, or a newer one. */
  write(row: RunRow, onWritten: () => void): void {
    this.add({ row, onWritten: [onWritten] });
    if (this.isWriting) return;
    this.isWriting = true;
    void this.writeAll();
  }

  /** Resolves when everything given before is in the store; what is given meanwhile isn't waited for. */
  async flush(): Promise<void> {
    const open = [...this.pending.values(), ...this.inFlight];
    this.flushing += 1;
    this.hurry();
    await Promise.all(open.map(({ onWritten }) => new Promise<void>((resolve) => onWritten.push(resolve))));
    this.flushing -= 1;
  }

  /** What is committed meanwhile rides along, unless there is enough of it or somebody waits. */
  private gathered(): Promise<void> {
    if (this.flushing > 0 || this.pending.size >= BATCH) return Promise.resolve();
    return Promise.race([
      this.pause(GATHERING_MS),
      new Promise<void>((resolve) => {
        this.hurry = resolve;
      }),
    ]);
  }

  private async writeAll(): Promise<void> {
    let delayMs = RETRY_MS.first;
    while (this.pending.size > 0) {
      await this.gathered();
      this.inFlight = this.takeBatch();
      try {
        await this.rows.upsert(this.inFlight.map(({ row }) => row));
        for (const { onWritten } of this.inFlight) for (const tell of onWritten) tell();
        this.inFlight = [];
        delayMs = RETRY_MS.first;
      } catch (error) {
        this.logger.warn({ err: error, rows: this.inFlight.length }, 'could not write rows, trying again');
        for (const each of this.inFlight) this.add(each);
        this.inFlight = [];
        await this.pause(delayMs);
        delayMs = Math.min(RETRY_MS.most, delayMs * 2);
      }
    }
    // In the same turn as the last look: a row that comes now starts anew.
    this.isWriting = false;
  }

  private takeBatch(): readonly Pending[] {
    const batch: Pending[] = [];
    for (const [runId, each] of this.pending) {
      if (batch.length === BATCH) break;
      batch.push(each);
      this.pending.delete(runId);
    }
    return batch;
  }

  private add({ row, onWritten }: Pending): void {
    const known = this.pending.get(row.runId);
    const newest = known && known.row.version > row.version ? known.row : row;
    this.pending.set(row.runId, { row: newest, onWritten: [...(known?.onWritten ?? []), ...onWritten] });
  }
}
