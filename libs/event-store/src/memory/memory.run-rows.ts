import type { AnyOf, RunFilter, RunRow, RunRows } from '@stepwell/core';
import { asStored } from '../prefix.range';
import { decodeCursor, encodeCursor, orderOf, placeOf, type RowPlace } from '../run-row.cursor';
import { completenessMark, RUN_ROW_VERSION } from '../run-row.version';
import type { MemoryData } from './memory-data';

export class MemoryRunRows implements RunRows {
  constructor(
    private readonly data: MemoryData,
    private readonly rowVersion = RUN_ROW_VERSION,
  ) {}

  upsert(rows: readonly RunRow[]): Promise<void> {
    for (const row of rows) {
      const stored = this.data.rows.get(row.runId);
      if (stored === undefined || stored.version <= row.version) this.data.rows.set(row.runId, structuredClone(row));
    }
    return Promise.resolve();
  }

  async list(
    filter: RunFilter,
    page: { count: number; cursor?: string },
  ): Promise<{ rows: RunRow[]; cursor?: string }> {
    const order = orderOf(filter);
    const after = await Promise.resolve(decodeCursor(order, page.cursor));
    const found = [...this.data.rows.values()]
      .filter((row) => matches(row, filter))
      .map((row) => ({ row, place: placeOf(row, order) }))
      .filter(({ place }) => after === undefined || newestFirst(place, after) > 0)
      .sort((a, b) => newestFirst(a.place, b.place));
    const listed = found.slice(0, page.count);
    const rows = listed.map(({ row }) => structuredClone(row));
    const last = listed.at(-1);
    const isMore = found.length > listed.length && last !== undefined;
    return isMore ? { rows, cursor: encodeCursor(order, last.place) } : { rows };
  }

  completeUpTo(partition: number): Promise<number | undefined> {
    return Promise.resolve(this.data.completeUpTo.get(completenessMark(this.rowVersion, partition)));
  }

  markComplete(partition: number, n: number): Promise<void> {
    const mark = completenessMark(this.rowVersion, partition);
    this.data.completeUpTo.set(mark, Math.max(n, this.data.completeUpTo.get(mark) ?? 0));
    return Promise.resolve();
  }
}

function newestFirst(a: RowPlace, b: RowPlace): number {
  if (a.atMs !== b.atMs) return b.atMs - a.atMs;
  return Buffer.compare(Buffer.from(b.runId), Buffer.from(a.runId));
}

function matches(row: RunRow, filter: RunFilter): boolean {
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
  const { atMs } = placeOf(row, orderOf(filter));
  return (
    (filter.deadLetters === undefined || isDeadLetter(row, filter.deadLetters)) &&
    (runIds === undefined || runIds.includes(row.runId)) &&
    isAnyOf(row.url, workflowUrl) &&
    (urlPrefix === undefined || asStored(row.url).startsWith(asStored(urlPrefix))) &&
    isAnyOf(row.host, host) &&
    isAnyOf(row.path, path) &&
    (status === undefined || row.status === status) &&
    isAnyOf(row.waitingFor, waitingFor) &&
    (labels === undefined || row.labels.some((label) => labels.includes(label))) &&
    isAnyOf(row.callerIp, callerIp) &&
    isAnyOf(row.flowControlKey, flowControlKey) &&
    (createdAt === undefined || row.createdAt === createdAt) &&
    (fromMs === undefined || atMs >= fromMs) &&
    (toMs === undefined || atMs <= toMs)
  );
}

function isAnyOf(value: string | undefined, wanted: AnyOf<string> | undefined): boolean {
  if (wanted === undefined || typeof wanted === 'string') return wanted === undefined || value === wanted;
  return value !== undefined && wanted.includes(value);
}

function isDeadLetter({ deadLetter }: RunRow, asked: NonNullable<RunFilter['deadLetters']>): boolean {
  const { responseStatus, failureState } = asked;
  return (
    deadLetter !== undefined &&
    (responseStatus === undefined || deadLetter.responseStatus === responseStatus) &&
    (failureState === undefined || deadLetter.failureState === failureState)
  );
}
