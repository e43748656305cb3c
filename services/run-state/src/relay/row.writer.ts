import type { RunRow, RunRows, RunState } from '@stepwell/core';
import { rowOf } from '@stepwell/core';
import type { Logger } from 'pino';

const RETRY_MS = { first: 100, most: 5_000 };
const BATCH = 500;

/**
 * The `runs` read model (L9): rows are upserted in batches, the newest version of each, until the store has taken them. Written only
 * when a run's status changes, because only then is a row owed.
 */
export class RowWriter {
  private pending = new Map<string, { row: RunRow; settle: (() => void)[] }>();
  private writing: Promise<void> | undefined;

  constructor(
    private readonly rows: RunRows,
    private readonly logger: Logger,
    private readonly pause: (ms: number) => Promise<void>,
  ) {}

  write(state: RunState, partition: number, settle: () => void): void {
    const row = rowOf(state, partition);
    const known = this.pending.get(row.runId);
    const settles = [...(known?.settle ?? []), settle];
    this.pending.set(row.runId, { row: known && known.row.version > row.version ? known.row : row, settle: settles });
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
    });
  }

  /** Resolves when everything written so far is in the store. */
  async flush(): Promise<void> {
    while (this.writing) await this.writing;
  }

  private async writeAll(): Promise<void> {
    await Promise.resolve();
    let delayMs = RETRY_MS.first;
    while (this.pending.size > 0) {
      const batch = [...this.pending.values()].slice(0, BATCH);
      for (const { row } of batch) this.pending.delete(row.runId);
      try {
        await this.rows.upsert(batch.map(({ row }) => row));
        for (const { settle } of batch) for (const each of settle) each();
        delayMs = RETRY_MS.first;
      } catch (error) {
        this.logger.warn({ err: error, rows: batch.length }, 'could not write rows, trying again');
        for (const each of batch) this.putBack(each);
        await this.pause(delayMs);
        delayMs = Math.min(RETRY_MS.most, delayMs * 2);
      }
    }
  }

  private putBack(failed: { row: RunRow; settle: (() => void)[] }): void {
    const newer = this.pending.get(failed.row.runId);
    this.pending.set(
      failed.row.runId,
      newer ? { row: newer.row, settle: [...failed.settle, ...newer.settle] } : failed,
    );
  }
}
