import type { DatabaseReport, StoreInspection, StoreLayout } from '@stepwell/event-store';
import { EVENT_SCHEMA_VERSION, STORE_SCHEMA_VERSION } from '@stepwell/event-store';
import type { Finding } from './finding';
import { counted, fail, FIX, mended, ok, some, warn } from './finding';

/*
 * The database: is it there, is it of the kind we need, what time is it there, and are layout and indexes those of this version?
 */

const CLOCK = { warnMs: 1_000, failMs: 60_000 };

export function databaseFindings({ version, replicaSet, isPrimary, roundTripMs }: DatabaseReport): Finding[] {
  if (replicaSet === undefined) {
    return [
      fail(
        'mongodb',
        `MongoDB ${version} is no replica set`,
        'start it with --replSet, and initiate it (one member is enough)',
      ),
    ];
  }
  if (!isPrimary)
    return [fail('mongodb', `the server of ${replicaSet} is no primary`, 'name all members in STEPWELL_MONGODB_URI')];
  return [ok('mongodb', `MongoDB ${version}, primary of ${replicaSet}, ${Math.round(roundTripMs)} ms away`)];
}

/** Stepwell keeps the primary's time (T2), so that a wrong clock of a machine makes nothing early or late; signatures and logs suffer. */
export function clockFindings({ aheadMs }: DatabaseReport): Finding[] {
  const byMs = Math.abs(aheadMs);
  const text = `this machine’s clock is ${byMs} ms ${aheadMs > 0 ? 'behind' : 'ahead of'} MongoDB’s`;
  const todo = 'keep both by NTP: sleeps follow MongoDB’s clock';
  if (byMs >= CLOCK.failMs) return [fail('clock', text, todo)];
  return [byMs >= CLOCK.warnMs ? warn('clock', text, todo) : ok('clock', text)];
}

export function layoutFindings(layout: StoreLayout | undefined): Finding[] {
  if (!layout) {
    return [
      fail(
        'layout',
        'no service was ever started on this database',
        'check STEPWELL_MONGODB_DATABASE, or start run-state once',
      ),
    ];
  }
  const { schemaVersion, epoch, unfinished } = layout;
  if (schemaVersion > STORE_SCHEMA_VERSION) {
    const text = `the store has layout ${schemaVersion}, this program knows ${STORE_SCHEMA_VERSION}`;
    return [fail('layout', text, 'use the doctor of the version that runs')];
  }
  if (unfinished !== undefined) {
    const text = `a ${unfinished} has not ended, and no service starts before it has`;
    return [fail('layout', text, unfinishedTodo[unfinished])];
  }
  return [ok('layout', `layout ${schemaVersion}, epoch ${epoch}`)];
}

const unfinishedTodo = {
  restore: 'wait for it; if it was interrupted, drop the database and restore once more',
  rebuild: 'wait for it; if it was interrupted, run `stepwell rebuild` once more',
} as const;

export async function indexFindings(store: StoreInspection, fix: boolean): Promise<Finding[]> {
  const missing = await store.missingIndexes();
  const names = some(missing.map(({ collection, fields }) => `${collection} (${fields})`));
  if (missing.length === 0) return [ok('indexes', 'all there')];
  const text = `${counted(missing.length, 'index', 'indexes')} missing: ${names}`;
  if (!fix) return [fail('indexes', text, `${FIX}, or start run-state`)];
  await store.mendIndexes();
  const left = await store.missingIndexes();
  if (left.length === 0) return [mended('indexes', `${text}; made`)];
  return [fail('indexes', text, 'one of other options has its place: drop that, and run it again')];
}

export async function partitionFindings(store: StoreInspection): Promise<Finding[]> {
  const reports = await store.partitions();
  const newer = reports.filter(({ eventSchema }) => eventSchema > EVENT_SCHEMA_VERSION);
  if (newer.length > 0) {
    const text = `${counted(newer.length, 'partition')} written by a newer version`;
    return [fail('checkpoints', text, 'use the doctor of the version that runs')];
  }
  const lags = reports.map(({ partition, tail, checkpoint, holes }) => ({ partition, holes, lag: tail - checkpoint }));
  const late = lags.filter(({ lag }) => lag > LAG_WARN);
  const holes = lags.reduce((sum, each) => sum + each.holes, 0);
  const most = Math.max(0, ...lags.map(({ lag }) => lag));
  const text = `at most ${counted(most, 'entry', 'entries')} behind, ${counted(holes, 'position')} unsettled`;
  if (late.length === 0) return [ok('checkpoints', text)];
  const where = some(late.map(({ partition, lag }) => `${partition} by ${lag}`));
  return [
    warn(
      'checkpoints',
      `${text}; far behind are partitions ${where}`,
      'nothing if run-state has just been busy; else look for "could not write a checkpoint" or "left a stream aside" in its log',
    ),
  ];
}

/** Entries: a second of a very busy partition has fewer. */
const LAG_WARN = 1_000;
