import type { RunFilter, RunRow, RunRows } from '@stepwell/core';
import { decodeCursor, encodeCursor } from '../run-row.cursor';
import type { MemoryData } from './memory-data';

export class MemoryRunRows implements RunRows {
  constructor(private readonly data: MemoryData) {}

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
    const after = await Promise.resolve(decodeCursor(page.cursor));
    const found = [...this.data.rows.values()]
      .filter((row) => matches(row, filter))
      .filter((row) => after === undefined || newestFirst(row, after) > 0)
      .sort(newestFirst);
    const rows = found.slice(0, page.count).map((row) => structuredClone(row));
    const last = rows.at(-1);
    return found.length > rows.length && last !== undefined ? { rows, cursor: encodeCursor(last) } : { rows };
  }

  completeUpTo(partition: number): Promise<number | undefined> {
    return Promise.resolve(this.data.completeUpTo.get(partition));
  }

  markComplete(partition: number, n: number): Promise<void> {
    this.data.completeUpTo.set(partition, Math.max(n, this.data.completeUpTo.get(partition) ?? 0));
    return Promise.resolve();
  }
}

interface RowPlace {
  readonly createdAt: number;
  readonly runId: string;
}

function newestFirst(a: RowPlace, b: RowPlace): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  return Buffer.compare(Buffer.from(b.runId), Buffer.from(a.runId));
}

function matches(row: RunRow, filter: RunFilter): boolean {
  const { runIds, workflowUrl, status, labels, callerIp, flowControlKey, createdAt, fromMs, toMs } = filter;
  return (
    (runIds === undefined || runIds.includes(row.runId)) &&
    (workflowUrl === undefined || row.url === workflowUrl) &&
    (status === undefined || row.status === status) &&
    (labels === undefined || row.labels.some((label) => labels.includes(label))) &&
    (callerIp === undefined || row.callerIp === callerIp) &&
    (flowControlKey === undefined || row.flowControlKey === flowControlKey) &&
    (createdAt === undefined || row.createdAt === createdAt) &&
    (fromMs === undefined || row.createdAt >= fromMs) &&
    (toMs === undefined || row.createdAt <= toMs)
  );
}
