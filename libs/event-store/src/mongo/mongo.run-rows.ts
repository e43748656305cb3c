import type { RunFilter, RunRow, RunRows } from '@stepwell/core';
import type { Connection } from 'mongoose';
import { decodeCursor, encodeCursor, type RunRowCursor } from '../run-row.cursor';
import { isDuplicateKey, JOURNALED } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

type RowDocument = Omit<RunRow, 'runId'> & { readonly _id: string };
interface MarkDocument {
  readonly _id: string;
  readonly completeUpTo: number;
}

export class MongoRunRows implements RunRows {
  private readonly rows;
  private readonly marks;

  constructor(connection: Connection) {
    this.rows = nativeCollection<RowDocument>(connection, 'runRows');
    this.marks = nativeCollection<MarkDocument>(connection, 'runRows');
  }

  async upsert(rows: readonly RunRow[]): Promise<void> {
    if (rows.length === 0) return;
    const operations = newestOf(rows).map(({ runId, ...row }) => ({
      replaceOne: { filter: { _id: runId, version: { $lte: row.version } }, replacement: row, upsert: true },
    }));
    try {
      await this.rows.bulkWrite(operations, { ordered: false, writeConcern: JOURNALED });
    } catch (error) {
      // A newer row is there: the upsert met it by its `_id`. Anything else beside it must not be lost.
      if (!onlyDuplicateKeys(error)) throw error;
    }
  }

  async list(
    filter: RunFilter,
    page: { count: number; cursor?: string },
  ): Promise<{ rows: RunRow[]; cursor?: string }> {
    const found = await this.rows
      .find(queryOf(filter, decodeCursor(page.cursor)), { sort: { createdAt: -1, _id: -1 }, limit: page.count + 1 })
      .toArray();
    const rows = found.slice(0, page.count).map(({ _id, ...row }) => ({ runId: _id, ...row }));
    const last = rows.at(-1);
    return found.length > rows.length && last !== undefined ? { rows, cursor: encodeCursor(last) } : { rows };
  }

  async completeUpTo(partition: number): Promise<number | undefined> {
    const mark = await this.marks.findOne({ _id: markId(partition) });
    return mark?.completeUpTo;
  }

  async markComplete(partition: number, n: number): Promise<void> {
    await this.marks.updateOne(
      { _id: markId(partition) },
      { $max: { completeUpTo: n } },
      { upsert: true, writeConcern: JOURNALED },
    );
  }
}

function markId(partition: number): string {
  return `~complete/${partition}`;
}

/** An unordered bulk has no "last wins": one row for each run. */
function newestOf(rows: readonly RunRow[]): RunRow[] {
  const newest = new Map<string, RunRow>();
  for (const row of rows) {
    const other = newest.get(row.runId);
    if (other === undefined || other.version <= row.version) newest.set(row.runId, row);
  }
  return [...newest.values()];
}

function queryOf(filter: RunFilter, after: RunRowCursor | undefined): Record<string, unknown> {
  const { runIds, workflowUrl, status, labels, callerIp, flowControlKey, createdAt, fromMs, toMs } = filter;
  // A range on createdAt is always there: it keeps the marks out, and to the index.
  const all: Record<string, unknown>[] = [
    { createdAt: { $gte: fromMs ?? 0, ...(toMs !== undefined && { $lte: toMs }) } },
  ];
  if (createdAt !== undefined) all.push({ createdAt });
  if (runIds !== undefined) all.push({ _id: { $in: runIds } });
  if (workflowUrl !== undefined) all.push({ url: workflowUrl });
  if (status !== undefined) all.push({ status });
  if (labels !== undefined) all.push({ labels: { $in: labels } });
  if (callerIp !== undefined) all.push({ callerIp });
  if (flowControlKey !== undefined) all.push({ flowControlKey });
  if (after !== undefined) {
    all.push({
      createdAt: { $lte: after.createdAt },
      $or: [{ createdAt: { $lt: after.createdAt } }, { _id: { $lt: after.runId } }],
    });
  }
  return { $and: all };
}

function onlyDuplicateKeys(error: unknown): boolean {
  if (!isDuplicateKey(error)) return false;
  const { writeErrors, result } = error as {
    writeErrors?: readonly unknown[] | object;
    result?: { getWriteConcernError?(): unknown };
  };
  const all = Array.isArray(writeErrors) ? (writeErrors as unknown[]) : [writeErrors];
  return all.every((one) => isDuplicateKey(one)) && result?.getWriteConcernError?.() === undefined;
}
