import { createHash } from 'node:crypto';
import type { DeadLetterRow, RunFilter, RunRow, TimerRow } from '@stepwell/core';
import { InvalidCursor } from '../run-row.cursor';
import { RUN_ROW_VERSION } from '../run-row.version';
import type { Store } from '../store';
import type { StoreFixture } from './log-fixture';

export function runRow(runId: string, changes: Partial<RunRow> = {}): RunRow {
  return {
    runId,
    partition: 1,
    version: 1,
    status: 'running',
    url: 'http://app/onboarding',
    host: 'app',
    path: '/onboarding',
    workflow: 'onboarding',
    labels: [],
    callerIp: '10.0.0.1',
    createdAt: 1_000,
    ...changes,
  };
}

export function deadLetterRow(runId: string, failedAt: number, changes: Partial<RunRow & DeadLetterRow> = {}): RunRow {
  const { dlqId = `dlq_1.${runId}`, responseStatus = 500, failureState, ...row } = changes;
  const deadLetter = { dlqId, failedAt, responseStatus, ...(failureState !== undefined && { failureState }) };
  return runRow(runId, { status: 'failed', completedAt: failedAt, deadLetter, ...row });
}

export function timerRow(id: string, changes: Partial<TimerRow> = {}): TimerRow {
  return { id, partition: 1, dueAt: 1_000, ask: { runId: 'r', messageId: 'm', attempt: 1 }, ...changes };
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** 23 ids and moments, five at most in one; the order of ids is none of moments. */
const PAGED = Array.from({ length: 23 }, (_, k): [string, number] => [
  `r${String((k * 7) % 23).padStart(2, '0')}`,
  Math.floor(k / 5),
]);
const PAGED_NEWEST_FIRST = PAGED.toSorted(([a, at], [b, bt]) => bt - at || (a < b ? 1 : -1)).map(([runId]) => runId);

/** Rows (L9), timers (T1), blobs (L5). */
export function describeReadModels(store: () => Store, fixture: () => StoreFixture): void {
  const idsOf = async (filter: RunFilter): Promise<string[]> =>
    (await store().rows.list(filter, { count: 100 })).rows.map(({ runId }) => runId);
  const pagedIdsOf = async (filter: RunFilter, count: number): Promise<string[]> => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store().rows.list(filter, { count, ...(cursor !== undefined && { cursor }) });
      expect(page.rows.length).toBeLessThanOrEqual(count);
      seen.push(...page.rows.map(({ runId }) => runId));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return seen;
  };

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
    expect(await idsOf({ workflowUrl: ['http://app/$other', 'http://app/none'] })).toEqual(['b']);
    expect(await idsOf({ callerIp: ['::1', '10.0.0.1'] })).toEqual(['d', 'c', 'b', 'a']);
    expect(await idsOf({ callerIp: ['::1'], flowControlKey: ['k'] })).toEqual([]);
    expect(await idsOf({ flowControlKey: [] })).toEqual([]);
    expect(await idsOf({ createdAt: 3 })).toEqual(['d', 'c']);
    expect(await idsOf({ fromMs: 2 })).toEqual(['d', 'c', 'b']);
    expect(await idsOf({ toMs: 2 })).toEqual(['b', 'a']);
    expect(await idsOf({ fromMs: 2, toMs: 2, createdAt: 3 })).toEqual([]);
  });

  it('L9 finds runs by what they wait for', async () => {
    const { rows } = store();
    await rows.upsert([
      runRow('a', { createdAt: 1, waitingFor: 'sleep' }),
      runRow('b', { createdAt: 2, waitingFor: 'event' }),
      runRow('c', { createdAt: 3, waitingFor: 'sleep' }),
      runRow('before', { createdAt: 4 }),
    ]);
    expect(await idsOf({ waitingFor: 'sleep' })).toEqual(['c', 'a']);
    expect(await idsOf({ waitingFor: ['event', 'sleep'], toMs: 2 })).toEqual(['b', 'a']);
    expect(await idsOf({ waitingFor: 'child' })).toEqual([]);
    expect(await idsOf({})).toEqual(['before', 'c', 'b', 'a']);
    // The same version with another reason, as a rebuild of the rows or a time that has come makes it.
    await rows.upsert([runRow('a', { createdAt: 1, waitingFor: 'delivery' })]);
    expect(await idsOf({ waitingFor: 'sleep' })).toEqual(['c']);
    await rows.upsert([runRow('c', { createdAt: 3, version: 2, status: 'succeeded', completedAt: 9 })]);
    expect(await idsOf({ waitingFor: 'sleep' })).toEqual([]);
    expect((await rows.list({ waitingFor: 'event' }, { count: 9 })).rows).toEqual([
      runRow('b', { createdAt: 2, waitingFor: 'event' }),
    ]);
  });

  it('L9 pages newest first without losing or repeating a row of the same moment', async () => {
    const { rows } = store();
    const all = PAGED.map(([runId, createdAt]) => runRow(runId, { createdAt }));
    await rows.upsert(all);
    expect(await pagedIdsOf({}, 4)).toEqual(PAGED_NEWEST_FIRST);
    expect((await rows.list({}, { count: 23, cursor: '' })).cursor).toBeUndefined();
    await expect(rows.list({}, { count: 1, cursor: 'not-ours' })).rejects.toThrow(InvalidCursor);
  });

  it('L9 finds runs by host and path of their URL', async () => {
    const at = (host: string, path: string) => ({ host, path, url: `http://${host}${path}` });
    await store().rows.upsert([
      runRow('r1', at('app:80', '/a')),
      runRow('r2', at('app:81', '/a')),
      runRow('r3', at('app:80', '/a/b')),
    ]);
    const found = async (filter: RunFilter) =>
      (await store().rows.list(filter, { count: 9 })).rows.map(({ runId }) => runId).sort();
    expect(await found({ host: 'app:80' })).toEqual(['r1', 'r3']);
    expect(await found({ path: '/a' })).toEqual(['r1', 'r2']);
    expect(await found({ host: ['app:81', 'app:80'], path: ['/a', '/c'] })).toEqual(['r1', 'r2']);
    expect(await found({ host: 'app', path: '/a' })).toEqual([]);
  });

  it('L9 finds runs by how their URL begins, byte for byte', async () => {
    const urls = [
      'http://app/a',
      'http://app/a.b',
      'http://app/aXb',
      'http://app/A',
      'http://app/👋',
      'http://app',
      'http:',
    ];
    await store().rows.upsert(urls.map((url, k) => runRow(`r${k}`, { url, createdAt: k })));
    const urlsWith = async (urlPrefix: string, more: RunFilter = {}) =>
      (await store().rows.list({ urlPrefix, ...more }, { count: 100 })).rows.map(({ url }) => url).reverse();
    expect(await urlsWith('http://app/')).toEqual(urls.slice(0, 5));
    expect(await urlsWith('http://app/a')).toEqual(urls.slice(0, 3));
    expect(await urlsWith('http://app/a.')).toEqual(['http://app/a.b']);
    expect(await urlsWith('http://app/👋')).toEqual(['http://app/👋']);
    // Half of a pair is no beginning of it: as bytes there is no such thing.
    expect(await urlsWith('http://app/👋'.slice(0, -1))).toEqual([]);
    expect(await urlsWith('^http')).toEqual([]);
    expect(await urlsWith('')).toEqual(urls);
    expect(await urlsWith('\u{10ffff}')).toEqual([]);
    expect(await urlsWith('http://app/a', { workflowUrl: 'http://app/aXb' })).toEqual(['http://app/aXb']);
    expect(await urlsWith('http://app/a', { workflowUrl: 'http://app/A' })).toEqual([]);
    expect(await pagedIdsOf({ urlPrefix: 'http://app/a' }, 1)).toEqual(['r2', 'r1', 'r0']);
  });

  it('L9 lists dead letters by when they failed, until they are none', async () => {
    const { rows } = store();
    const early = deadLetterRow('early', 900, { createdAt: 500, version: 3, failureState: 'in-progress' });
    const late = deadLetterRow('late', 2_000, { createdAt: 400, responseStatus: 0 });
    await rows.upsert([early, late, runRow('dealt-with', { status: 'failed', completedAt: 900 }), runRow('running')]);
    expect((await rows.list({ deadLetters: {} }, { count: 10 })).rows).toEqual([late, early]);
    expect(await idsOf({})).toEqual(['running', 'dealt-with', 'early', 'late']);
    expect((await rows.list({ status: 'failed' }, { count: 10 })).rows.map(({ deadLetter }) => deadLetter)).toEqual([
      undefined,
      early.deadLetter,
      late.deadLetter,
    ]);
    await rows.upsert([runRow('early', { status: 'failed', version: 4, createdAt: 500, completedAt: 900 })]);
    await rows.upsert([early]);
    expect(await idsOf({ deadLetters: {} })).toEqual(['late']);
  });

  it('L9 filters dead letters by all that runs are filtered by, and times of the failure', async () => {
    await store().rows.upsert([
      deadLetterRow('a', 10, { createdAt: 1, labels: ['x', 'y'], callerIp: '::1', failureState: 'failed' }),
      deadLetterRow('b', 20, { createdAt: 9, url: 'http://app/other', flowControlKey: 'k', responseStatus: 0 }),
      deadLetterRow('c', 30, { createdAt: 2, labels: ['y'], failureState: 'succeeded' }),
      deadLetterRow('d', 30, { createdAt: 2, responseStatus: 404, failureState: 'failed' }),
      runRow('e', { createdAt: 20, status: 'failed', labels: ['x'], completedAt: 20 }),
    ]);
    const deadLetters = {};
    expect(await idsOf({ deadLetters })).toEqual(['d', 'c', 'b', 'a']);
    expect(await idsOf({ deadLetters: { responseStatus: 500 } })).toEqual(['c', 'a']);
    expect(await idsOf({ deadLetters: { responseStatus: 0 } })).toEqual(['b']);
    expect(await idsOf({ deadLetters: { failureState: 'failed' } })).toEqual(['d', 'a']);
    expect(await idsOf({ deadLetters: { failureState: 'failed', responseStatus: 500 } })).toEqual(['a']);
    expect(await idsOf({ deadLetters: { failureState: 'cancelled' } })).toEqual([]);
    expect(await idsOf({ deadLetters, runIds: ['a', 'd', 'e'] })).toEqual(['d', 'a']);
    expect(await idsOf({ deadLetters, workflowUrl: 'http://app/other' })).toEqual(['b']);
    expect(await idsOf({ deadLetters, urlPrefix: 'http://app/o' })).toEqual(['d', 'c', 'b', 'a']);
    expect(await idsOf({ deadLetters, urlPrefix: 'http://app/ot' })).toEqual(['b']);
    expect(await idsOf({ deadLetters, labels: ['x', 'z'] })).toEqual(['a']);
    expect(await idsOf({ deadLetters: { failureState: 'succeeded' }, labels: ['y'] })).toEqual(['c']);
    expect(await idsOf({ deadLetters, callerIp: '::1' })).toEqual(['a']);
    expect(await idsOf({ deadLetters, flowControlKey: 'k' })).toEqual(['b']);
    expect(await idsOf({ deadLetters, createdAt: 2 })).toEqual(['d', 'c']);
    expect(await idsOf({ deadLetters, createdAt: 2, fromMs: 31 })).toEqual([]);
    expect(await idsOf({ deadLetters, fromMs: 20 })).toEqual(['d', 'c', 'b']);
    expect(await idsOf({ deadLetters, toMs: 20 })).toEqual(['b', 'a']);
    expect(await idsOf({ deadLetters, fromMs: 11, toMs: 29 })).toEqual(['b']);
    expect(await idsOf({ deadLetters, status: 'failed' })).toEqual(['d', 'c', 'b', 'a']);
    expect(await idsOf({ deadLetters, status: 'running' })).toEqual([]);
  });

  it('L9 pages dead letters without losing or repeating one of the same moment', async () => {
    const { rows } = store();
    const all = PAGED.map(([runId, failedAt], k) => deadLetterRow(runId, failedAt, { createdAt: k }));
    await rows.upsert([...all, ...Array.from({ length: 5 }, (_, k) => runRow(`other${k}`, { createdAt: k }))]);
    expect(await pagedIdsOf({ deadLetters: {} }, 4)).toEqual(PAGED_NEWEST_FIRST);
    expect(await pagedIdsOf({ deadLetters: {}, urlPrefix: 'http://app/', toMs: 3 }, 3)).toEqual(
      PAGED_NEWEST_FIRST.slice(3),
    );
    expect((await rows.list({ deadLetters: {} }, { count: 23, cursor: '' })).cursor).toBeUndefined();
  });

  it('L9 takes no cursor for one of the other order', async () => {
    const { rows } = store();
    await rows.upsert([deadLetterRow('a', 1), deadLetterRow('b', 2)]);
    const { cursor: ofRuns = '' } = await rows.list({}, { count: 1 });
    const { cursor: ofDeadLetters = '' } = await rows.list({ deadLetters: {} }, { count: 1 });
    await expect(rows.list({ deadLetters: {} }, { count: 1, cursor: ofRuns })).rejects.toThrow(InvalidCursor);
    await expect(rows.list({}, { count: 1, cursor: ofDeadLetters })).rejects.toThrow(InvalidCursor);
    await expect(rows.list({ deadLetters: {} }, { count: 1, cursor: 'not-ours' })).rejects.toThrow(InvalidCursor);
    expect((await rows.list({ deadLetters: {} }, { count: 1, cursor: ofDeadLetters })).rows).toHaveLength(1);
  });

  it('L9 gives back absent what was given as undefined', async () => {
    const row = deadLetterRow('r', 5);
    const given = { ...row, flowControlKey: undefined, deadLetter: { ...row.deadLetter!, failureState: undefined } };
    await store().rows.upsert([given]);
    expect((await store().rows.list({}, { count: 1 })).rows).toEqual([row]);
  });

  it('L9 knows nothing of how complete the rows of another version are: they are made anew', async () => {
    const { rows } = store();
    const previous = fixture().rowsOfVersion(RUN_ROW_VERSION - 1);
    await previous.upsert([runRow('r', { status: 'failed', version: 5, completedAt: 9 })]);
    await previous.markComplete(3, 10);
    expect(await rows.completeUpTo(3)).toBeUndefined();
    // What a rebuild makes of the same log: the same version, with more in it.
    await rows.upsert([deadLetterRow('r', 9, { version: 5 })]);
    await rows.markComplete(3, 4);
    expect(await idsOf({ deadLetters: {} })).toEqual(['r']);
    expect([await rows.completeUpTo(3), await previous.completeUpTo(3)]).toEqual([4, 10]);
    expect(await idsOf({})).toEqual(['r']);
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
      timerRow('deadline', { dueAt: 40, partition: 3, ask: { eventId: '$a.b/ü', messageId: 'm2' } }),
      timerRow('b', { dueAt: 20, partition: 2 }),
      timerRow('a', { dueAt: 20 }),
      timerRow('elsewhere', { dueAt: 1, partition: 9 }),
    ];
    await timers.put(put);
    await timers.put([]);
    expect((await timers.due([1, 2], 30, 10)).map(({ id }) => id)).toEqual(['soon', 'a', 'b']);
    expect(await timers.due([1], 1_000, 1)).toEqual([put[1]]);
    expect(await timers.due([3], 1_000, 1)).toEqual([put[2]]);
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
