/*
 * Why a run isn't moving, as data: what lists filter by, what `explain` answers with, what the auditor holds against the clock.
 */

/**
 * What a run can wait for. Stored in rows and named in queries: a word never changes its meaning.
 *
 * `delay`: a time that was asked for at its start or its resumption. `sleep`: the end of a sleep. `retry`: the next attempt after one
 * that failed. `delivery`: the endpoint, called or about to be. `call`: a third party, called or about to be. `event`: a notify.
 * `webhook`: a call of its hook. `child`: the end of a run it invoked. `copy`: its own log, copied from the run it resumes.
 * `failure-callback`: not the run, which has failed, but its failure callback.
 */
export const WAITING_FOR = [
  'delay',
  'sleep',
  'retry',
  'delivery',
  'call',
  'event',
  'webhook',
  'child',
  'copy',
  'failure-callback',
] as const;
export type WaitingFor = (typeof WAITING_FOR)[number];

/** One thing that a run waits for. Moments are unix ms. */
export interface WaitingReason {
  readonly waitingFor: WaitingFor;
  /** Since when it is waited for. */
  readonly since: number;
  /** By when it is over whatever happens; absent where that is somebody else's to say. */
  readonly until?: number;
  /** The effect that is owed for it; absent while the log is being copied, which nothing is owed for. */
  readonly effectId?: string;
  /** Of a delivery or a call that is queued or made: which attempt that is, from 0. */
  readonly attempt?: number;
  /** The message in question; absent while the log is being copied. */
  readonly messageId?: string;
  /** The step it is about: planned, slept, called or waited for; of a delivery the one whose result it brings. */
  readonly step?: { readonly id: number; readonly name: string; readonly isPlanned: boolean };
  /** The parallel group that the step is one of, as long as that isn't done. */
  readonly group?: { readonly size: number; readonly done: number };
  /** Failed attempts so far that count, and how many there may be. Absent before the first failure. */
  readonly retry?: { readonly number: number; readonly of: number };
  /** The last attempt failed by an outage of ours: it counts for nothing (B4). */
  readonly isOutage?: true;
  readonly url?: string;
  readonly eventId?: string;
  /** The child, or the run whose log is copied. */
  readonly runId?: string;
  /** A delivery that leads to nothing more: the run goes on by others, but could fail by it. */
  readonly isAside?: true;
}

/** The one reason to name, and what else the run waits for: the other branches of a parallel group. */
export interface Explanation {
  readonly reason: WaitingReason;
  readonly others: readonly WaitingReason[];
}
