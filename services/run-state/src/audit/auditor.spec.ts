import type { RunRow } from '@stepwell/core';
import { TestClock } from '@stepwell/platform';
import type { PartitionHost } from '../partition/partition.host';
import { runRow } from '../testing/run-row';
import { Auditor } from './auditor';

const rowOf = (runId: string, partition: number): RunRow => runRow(runId, { partition });

describe('the auditor’s walk', () => {
  const setUp = (rows: readonly RunRow[], { everyMs = 60_000, lease = true } = {}) => {
    const clock = new TestClock();
    const audited: [runId: string, atMs: number][] = [];
    const faulty = new Set<string>();
    const store = { fails: false, lists: 0 };
    const auditor = new Auditor({
      rows: {
        list: (filter, { count, cursor = '0' }) => {
          store.lists += 1;
          if (store.fails) return Promise.reject(new Error('the store is away'));
          if (filter.status !== 'running') return Promise.resolve({ rows: [] });
          const end = Number(cursor) + Math.min(count, 3);
          const page = { rows: rows.slice(Number(cursor), end) };
          return Promise.resolve(end < rows.length ? { ...page, cursor: String(end) } : page);
        },
      },
      registry: { hosts: () => [{ tenure: { partition: 1 } } as unknown as PartitionHost] },
      membership: { leaseIsValid: () => lease },
      audit: {
        audit: (_host, runId) => {
          audited.push([runId, clock.monotonicMs()]);
          return faulty.has(runId) ? Promise.reject(new Error('away')) : Promise.resolve(undefined);
        },
      },
      logger: { debug: () => undefined, warn: () => undefined },
      pause: (ms, signal) =>
        new Promise((resolve) => {
          const done = (): void => {
            signal.removeEventListener('abort', done);
            resolve();
          };
          signal.addEventListener('abort', done);
          if (signal.aborted) done();
          else clock.after(ms, done);
        }),
      onAudited: () => undefined,
      pace: { everyMs, runsPerSecond: 10 },
    });
    return { clock, auditor, audited, faulty, store };
  };
  const seven = Array.from({ length: 7 }, (_, k) => rowOf(`wfr_${k}`, 1));

  it('looks into every run of every page, so many a second, and begins again after a pause', async () => {
    const { clock, auditor, audited } = setUp(seven);
    auditor.start();
    await clock.advance(59_999);
    expect(audited).toEqual([]);
    await clock.advance(1);
    await clock.advance(1_000);
    expect(audited).toEqual(seven.map(({ runId }, k) => [runId, 60_000 + k * 100]));
    await clock.advance(60_000);
    expect(audited.length).toBeGreaterThan(7);
    expect(audited[7]).toEqual(['wfr_0', 120_700]);
    await auditor.stop();
  });

  it('leaves alone what is held elsewhere, and everything while the lease is over', async () => {
    const mixed = [rowOf('wfr_a', 2), rowOf('wfr_b', 1), rowOf('wfr_c', 3)];
    const { auditor, audited, clock } = setUp(mixed);
    const walking = auditor.walk();
    await clock.advance(1_000);
    await walking;
    expect(audited.map(([runId]) => runId)).toEqual(['wfr_b']);
    const without = setUp(mixed, { lease: false });
    await without.auditor.walk();
    expect(without.audited).toEqual([]);
  });

  it('goes on after a run it could not look into, and after a walk that failed', async () => {
    const { clock, auditor, audited, faulty, store } = setUp(seven);
    faulty.add('wfr_1');
    store.fails = true;
    auditor.start();
    await clock.advance(60_000);
    expect(store.lists).toBe(1);
    store.fails = false;
    await clock.advance(62_000);
    expect(audited.map(([runId]) => runId)).toEqual(seven.map(({ runId }) => runId));
    await auditor.stop();
  });

  it('ends with the run it is at', async () => {
    const { clock, auditor, audited } = setUp(seven);
    auditor.start();
    await clock.advance(60_150);
    await auditor.stop();
    await clock.advance(600_000);
    expect(audited).toHaveLength(2);
  });

  it('is none without a pause', async () => {
    const { clock, auditor, audited } = setUp(seven, { everyMs: 0 });
    auditor.start();
    await clock.advance(600_000);
    await auditor.stop();
    expect(audited).toEqual([]);
  });
});
