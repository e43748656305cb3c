import { createHash } from 'node:crypto';
import type { RunFilter, RunRow, TimerRow } from '@stepwell/core';
import { InvalidCursor } from '../run-row.cursor';
import type { Store } from '../store';

export function runRow(runId: string, changes: Partial<RunRow> = {}): RunRow {
  return {
    runId,
    partition: 1,
    version: 1,
    status: 'running',
    url: 'http://app/onboarding',
    workflow: 'onboarding',
    labels: [],
    callerIp: '10.0.0.1',
    createdAt: 1_000,
    ...changes,
  };
}

export function timerRow(id: string, changes: Partial<TimerRow> = {}): TimerRow {
  return { id, partition: 1, dueAt: 1_000, ask: { runId: 'r', messageId: 'm', attempt: 1 }, ...changes };
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Rows (L9), timers (T1), blobs (L5). */
export function describeReadModels(store: () => Store): void {
  const idsOf = async (filter: RunFilter): Promise<string[]> =>
    (await store().rows.list(filter, { count: 100 })).rows.map(({ runId }) => runId);

  it('L9 keeps the newest version of a row, whatever comes when', async () => {
    const { rows } = store();
    await rows.upsert([runRow('r', { version: 3, flowControlKey: 'k' })]);
    await rows.upsert([runRow('r', { version: 2, status: 'failed' }), runRow('other')]);
    expect((await rows.list({}, { count: 10 })).rows).toEqual([
      runRow('r', { version: 3, flowControlKey: 'k' }),
      runRow('other'),
    ]);
    await rows.upsert([
      runRow('r', { version: 4, status: 'succeeded', completedAt: 2_000 }),
      runRow('r', { version: 3 }),
    ]);
    await rows.upsert([]);
    expect((await rows.list({ runIds: ['r'] }, { count: 10 })).rows).toEqual([
      runRow('r', { version: 4, status: 'succeeded', completedAt: 2_000 }),
    ]);
    // The same version again, as a rebuild makes it, may carry what the first one lacked.
    await rows.upsert([runRow('r', { version: 4, status: 'succeeded', labels: ['x'] })]);
    expect((await rows.list({ labels: ['x'] }, { count: 10 })).rows).toHaveLength(1);
  });

  it('L9 filters', async () => {
    await store().rows.upsert([
      runRow('a', { createdAt: 1, labels: ['x', 'y'], callerIp: '::1' }),
      runRow('b', { createdAt: 2, status: 'failed', url: 'http://app/$other', flowControlKey: 'k' }),
      runRow('c', { createdAt: 3, labels: ['y'], status: 'failed', completedAt: 9 }),
      runRow('d', { createdAt: 3, labels: ['z'] }),
    ]);
    expect(await idsOf({})).toEqual(['d', 'c', 'b', 'a']);
    expect(await idsOf({ runIds: ['a', 'c', 'nobody'] })).toEqual(['c', 'a']);
    expect(await idsOf({ runIds: [] })).toEqual([]);
    expect(await idsOf({ workflowUrl: 'http://app/$other' })).toEqual(['b']);
    expect(await idsOf({ status: 'failed' })).toEqual(['c', 'b']);
    expect(await idsOf({ labels: ['x', 'z'] })).toEqual(['d', 'a']);
    expect(await idsOf({ labels: ['y'], status: 'running' })).toEqual(['a']);
    expect(await idsOf({ callerIp: '::1' })).toEqual(['a']);
    expect(await idsOf({ flowControlKey: 'k' })).toEqual(['b']);
    expect(await idsOf({ createdAt: 3 })).toEqual(['d', 'c']);
    expect(await idsOf({ fromMs: 2 })).toEqual(['d', 'c', 'b']);
    expect(await idsOf({ toMs: 2 })).toEqual(['b', 'a']);
    expect(await idsOf({ fromMs: 2, toMs: 2, createdAt: 3 })).toEqual([]);
  });

  it('L9 pages newest first without losing or repeating a row of the same moment', async () => {
    const { rows } = store();
    const all = Array.from({ length: 23 }, (_, k) =>
      runRow(`r${String(k).padStart(2, '0')}`, { createdAt: Math.floor(k / 5) }),
    );
    await rows.upsert(all);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await rows.list({}, { count: 4, ...(cursor !== undefined && { cursor }) });
      expect(page.rows.length).toBeLessThanOrEqual(4);
      seen.push(...page.rows.map(({ runId }) => runId));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(all.map(({ runId }) => runId).reverse());
    expect((await rows.list({}, { count: 23, cursor: '' })).cursor).toBeUndefined();
    await expect(rows.list({}, { count: 1, cursor: 'not-ours' })).rejects.toThrow(InvalidCursor);
  });

  it('L9 remembers up to where the rows are complete, forwards only, unseen by lists', async () => {
    const { rows } = store();
    expect(await rows.completeUpTo(3)).toBeUndefined();
    await rows.markComplete(3, 10);
    await rows.markComplete(3, 7);
    await rows.markComplete(4, 1);
    expect([await rows.completeUpTo(3), await rows.completeUpTo(4)]).toEqual([10, 1]);
    expect(await idsOf({})).toEqual([]);
  });

  it('T1 keeps timers until they are removed, soonest first', async () => {
    const { timers } = store();
    const put = [
      timerRow('later', { dueAt: 30 }),
      timerRow('soon', { dueAt: 10, ask: { runId: 'r1', messageId: 'm1', attempt: 3 } }),
      timerRow('b', { dueAt: 20, partition: 2 }),
      timerRow('a', { dueAt: 20 }),
      timerRow('elsewhere', { dueAt: 1, partition: 9 }),
    ];
    await timers.put(put);
    await timers.put([]);
    expect((await timers.due([1, 2], 30, 10)).map(({ id }) => id)).toEqual(['soon', 'a', 'b']);
    expect(await timers.due([1], 1_000, 1)).toEqual([put[1]]);
    expect(await timers.due([], 1_000, 10)).toEqual([]);
    expect([await timers.count([1, 2]), await timers.count([])]).toEqual([4, 0]);
    await timers.put([timerRow('soon', { dueAt: 99 })]);
    await timers.remove(['a', 'unknown']);
    await timers.remove([]);
    expect((await timers.due([1, 2], 1_000, 10)).map(({ id }) => id)).toEqual(['b', 'later', 'soon']);
  });

  it.each([0, 1, 4 * 1024 * 1024, 9 * 1024 * 1024 + 1])('L5 keeps a blob of %i bytes exactly', async (size) => {
    const { blobs } = store();
    const bytes = Buffer.alloc(size, 'stepwell ');
    const sha256 = sha256Of(bytes);
    await blobs.put('run-1', sha256, bytes);
    await blobs.put('run-1', sha256, bytes);
    const read = await blobs.get('run-1', sha256);
    expect(read?.byteLength).toBe(size);
    expect(read !== undefined && bytes.equals(read)).toBe(true);
    expect(await blobs.get('run-2', sha256)).toBeUndefined();
  });

  it('L5 does not hand out a damaged blob', async () => {
    await store().blobs.put('run-1', sha256Of(Buffer.from('good')), Buffer.from('evil'));
    await expect(store().blobs.get('run-1', sha256Of(Buffer.from('good')))).rejects.toMatchObject({
      code: 'CORRUPT_BLOB',
    });
  });
}
