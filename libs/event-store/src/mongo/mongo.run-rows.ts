import type { AnyOf, RunFilter, RunRow, RunRows } from '@stepwell/core';
import type { Connection } from 'mongoose';
import { prefixRange } from '../prefix.range';
import { decodeCursor, encodeCursor, orderOf, placeOf, type RowOrder, type RowPlace } from '../run-row.cursor';
import { completenessMark, RUN_ROW_VERSION } from '../run-row.version';
import { isDuplicateKey, JOURNALED } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

type RowDocument = Omit<RunRow, 'runId'> & { readonly _id: string };
interface MarkDocument {
  readonly _id: string;
  readonly completeUpTo: number;
}

const TIME_OF: Record<RowOrder, string> = { created: 'createdAt', failed: 'deadLetter.failedAt' };

export class MongoRunRows implements RunRows {
  private readonly rows;
  private readonly marks;

  constructor(
    connection: Connection,
    private readonly rowVersion = RUN_ROW_VERSION,
  ) {
    this.rows = nativeCollection<RowDocument>(connection, 'runRows');
    this.marks = nativeCollection<MarkDocument>(connection, 'runRows');
  }

  async upsert(rows: readonly RunRow[]): Promise<void> {
    if (rows.length === 0) return;
    const operations = newestOf(rows).map(({ runId, ...row }) => ({
      replaceOne: { filter: { _id: runId, version: { $lte: row.version } }, replacement: row, upsert: true },
    }));
    try {
      // What is `undefined` is absent: as null it would come back as a value.
      await this.rows.bulkWrite(operations, { ordered: false, ignoreUndefined: true, writeConcern: JOURNALED });
    } catch (error) {
      // A newer row is there: the upsert met it by its `_id`. Anything else beside it must not be lost.
      if (!onlyDuplicateKeys(error)) throw error;
    }
  }

  async list(
    filter: RunFilter,
    page: { count: number; cursor?: string },
  ): Promise<{ rows: RunRow[]; cursor?: string }> {
    const order = orderOf(filter);
    const found = await this.rows
      .find(queryOf(filter, order, decodeCursor(order, page.cursor)), {
        sort: { [TIME_OF[order]]: -1, _id: -1 },
        limit: page.count + 1,
      })
      .toArray();
    const rows = found.slice(0, page.count).map(({ _id, ...row }) => ({ runId: _id, ...row }));
    const last = rows.at(-1);
    const isMore = found.length > rows.length && last !== undefined;
    return isMore ? { rows, cursor: encodeCursor(order, placeOf(last, order)) } : { rows };
  }

  async completeUpTo(partition: number): Promise<number | undefined> {
    const mark = await this.marks.findOne({ _id: completenessMark(this.rowVersion, partition) });
    return mark?.completeUpTo;
  }

  async markComplete(partition: number, n: number): Promise<void> {
    await this.marks.updateOne(
      { _id: completenessMark(this.rowVersion, partition) },
      { $max: { completeUpTo: n } },
      { upsert: true, writeConcern: JOURNALED },
    );
  }
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

function queryOf(filter: RunFilter, order: RowOrder, after: RowPlace | undefined): Record<string, unknown> {
  const {
    runIds,
    workflowUrl,
    urlPrefix,
    host,
    path,
    status,
    waitingFor,
    labels,
    callerIp,
    flowControlKey,
    createdAt,
    fromMs,
    toMs,
  } = filter;
  const { responseStatus, failureState } = filter.deadLetters ?? {};
  const time = TIME_OF[order];
  // A range on the time is always there: it keeps the marks out, of dead letters all other runs too, and to the index.
  const all: Record<string, unknown>[] = [{ [time]: { $gte: fromMs ?? 0, ...(toMs !== undefined && { $lte: toMs }) } }];
  if (createdAt !== undefined) all.push({ createdAt });
  if (runIds !== undefined) all.push({ _id: { $in: runIds } });
  if (workflowUrl !== undefined) all.push({ url: anyOf(workflowUrl) });
  if (urlPrefix !== undefined) {
    const { from, below } = prefixRange(urlPrefix);
    all.push({ url: { $gte: from, ...(below !== undefined && { $lt: below }) } });
  }
  if (host !== undefined) all.push({ host: anyOf(host) });
  if (path !== undefined) all.push({ path: anyOf(path) });
  if (status !== undefined) all.push({ status });
  if (waitingFor !== undefined) all.push({ waitingFor: anyOf(waitingFor) });
  if (labels !== undefined) all.push({ labels: { $in: labels } });
  if (callerIp !== undefined) all.push({ callerIp: anyOf(callerIp) });
  if (flowControlKey !== undefined) all.push({ flowControlKey: anyOf(flowControlKey) });
  if (responseStatus !== undefined) all.push({ 'deadLetter.responseStatus': responseStatus });
  if (failureState !== undefined) all.push({ 'deadLetter.failureState': failureState });
  if (after !== undefined) {
    all.push({
      [time]: { $lte: after.atMs },
      $or: [{ [time]: { $lt: after.atMs } }, { _id: { $lt: after.runId } }],
    });
  }
  return { $and: all };
}

const anyOf = (wanted: AnyOf<string>): unknown => (typeof wanted === 'string' ? wanted : { $in: wanted });

function onlyDuplicateKeys(error: unknown): boolean {
  if (!isDuplicateKey(error)) return false;
  const { writeErrors, result } = error as {
    writeErrors?: readonly unknown[] | object;
    result?: { getWriteConcernError?(): unknown };
  };
  const all = Array.isArray(writeErrors) ? (writeErrors as unknown[]) : [writeErrors];
  return all.every((one) => isDuplicateKey(one)) && result?.getWriteConcernError?.() === undefined;
}
