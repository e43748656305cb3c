import { isDeepStrictEqual } from 'node:util';
import type { RunRow, RunState, TimerRow, WaitingFor } from '@stepwell/core';
import {
  hasEnded,
  isUnexplained,
  partitionOf,
  reasonsOf,
  rowOf,
  runStream,
  suspicionOf,
  timerOf,
} from '@stepwell/core';
import { UnreadableStream } from '@stepwell/run-state';
import type { Examination } from './examination';
import { foldedRun } from './folded';

/*
 * Runs held against everything that is derived from them: their rows, their timers, their queued work. One look at one moment; what it
 * finds of a live system may be gone by the next.
 */

export type Problem =
  | 'unreadable'
  /** In the log, and in no row. */
  | 'row-missing'
  /** In a row, and not in the log. */
  | 'row-alone'
  | 'row-differs'
  /** Only in what the run waits for, which a row learns a second later. */
  | 'row-behind'
  | 'unexplained'
  | 'overdue'
  | 'timer-lost'
  | 'work-lost';

export interface Looked {
  readonly runId: string;
  readonly problems: readonly Problem[];
  readonly waitingFor?: WaitingFor;
  /** What its row should be; absent for a run that isn't there, or can't be read. */
  readonly row?: RunRow;
  /** What its row is. */
  readonly stored?: RunRow;
  readonly lostTimers: readonly TimerRow[];
}

const ROWS_AT_ONCE = 100;
const FOLDS_AT_ONCE = 8;

export async function lookAtRuns(examination: Examination, runIds: readonly string[]): Promise<Looked[]> {
  const looked: Looked[] = [];
  for (const portion of portionsOf(runIds, ROWS_AT_ONCE)) {
    const { rows } = await examination.store.rows.list({ runIds: portion }, { count: portion.length });
    const stored = new Map(rows.map((row) => [row.runId, row]));
    for (const few of portionsOf(portion, FOLDS_AT_ONCE)) {
      looked.push(...(await Promise.all(few.map((runId) => lookAt(examination, runId, stored.get(runId))))));
    }
  }
  return looked;
}

async function lookAt(examination: Examination, runId: string, stored: RunRow | undefined): Promise<Looked> {
  const common = { runId, lostTimers: [], ...(stored ? { stored } : {}) };
  try {
    const state = await foldedRun(examination.store.log, runId);
    if (!state) return { ...common, problems: stored ? ['row-alone'] : [] };
    const row = rowOf(state, partitionOf(runStream(runId)));
    const lostTimers = await lostTimersOf(examination, state);
    const problems = [
      ...rowProblems(row, stored),
      ...(await stuckProblems(examination, state)),
      ...(lostTimers.length > 0 ? ['timer-lost' as const] : []),
    ];
    const { waitingFor } = row;
    return { ...common, problems, row, lostTimers, ...(waitingFor === undefined ? {} : { waitingFor }) };
  } catch (error) {
    if (error instanceof UnreadableStream) return { ...common, problems: ['unreadable'] };
    throw error;
  }
}

function rowProblems(row: RunRow, stored: RunRow | undefined): Problem[] {
  if (!stored) return ['row-missing'];
  if (stored.version > row.version || !isDeepStrictEqual(lasting(row), lasting(stored))) return ['row-differs'];
  return row.waitingFor === stored.waitingFor ? [] : ['row-behind'];
}

/** But for what changes without a row being owed. */
const lasting = ({ version: _version, waitingFor: _reason, ...row }: RunRow): object => row;

async function stuckProblems({ broker, now, graceMs }: Examination, state: RunState): Promise<Problem[]> {
  if (isUnexplained(state)) return ['unexplained'];
  const problems = new Set<Problem>();
  for (const reason of reasonsOf(state)) {
    const suspicion = suspicionOf(reason, now(), graceMs);
    if (suspicion === 'overdue') problems.add('overdue');
    const obligation = state.owed.get(reason.effectId ?? '');
    const isWork = obligation?.type === 'Deliver' || obligation?.type === 'CallOut';
    if (suspicion !== 'quiet' || !isWork || !broker) continue;
    if (!(await broker.isQueued(obligation.type, reason.effectId ?? ''))) problems.add('work-lost');
  }
  return [...problems];
}

/** Timers that are owed, and not in the store. One that is due may be on its way. */
async function lostTimersOf({ store }: Examination, state: RunState): Promise<TimerRow[]> {
  const { runId } = state;
  if (hasEnded(state) && state.failureCallback?.state !== 'in-progress') return [];
  const partition = partitionOf(runStream(runId));
  const owed = [...state.owed.values()].flatMap((each) =>
    each.type === 'SetTimer' ? [timerOf(runId, each, partition)] : [],
  );
  if (owed.length === 0) return [];
  const there = new Set((await store.timersOf(owed.map(({ id }) => id))).map(({ id }) => id));
  return owed.filter(({ id }) => !there.has(id));
}

function* portionsOf<Item>(items: readonly Item[], size: number): Iterable<Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
