import type { RunStatus } from '../ports/read-models.port';
import type { WaitingReason } from '../run/explain/waiting.reason';

/* What is answered about runs that stand still: to the gateway (ExplainRun, FindAttempt), and to auditors and doctor (AuditRun). */

/** Why a run isn't moving (architecture.md E4). */
export interface ExplainRunAnswer {
  readonly status: RunStatus;
  /** Absent when it has ended and nothing is owed for it, or when it can't say. */
  readonly reason?: WaitingReason;
  /** What else it waits for, the first {@link LISTED_REASONS}; `othersTotal` counts all. */
  readonly others: readonly WaitingReason[];
  readonly othersTotal: number;
}
/** How many reasons beside the one an answer lists. */
export const LISTED_REASONS = 100;

/** One attempt of a delivery or a call. */
export interface FindAttemptRequest {
  readonly effectId: string;
  /** From 0, as in the work item. */
  readonly attempt: number;
}
/** A request that is being made. Whoever makes it says so; nobody does as long as its item is queued. */
export interface RunningAttempt {
  /** Of the http-caller. */
  readonly host: string;
  /** Unix ms. */
  readonly since: number;
  /** By when it is given up, unix ms. */
  readonly until: number;
}

/** What an audit found wrong with a run: it can't say what it waits for, that is over long ago, or whoever had it has lost it. */
export type AuditFault = 'unexplained' | 'overdue' | 'lost' | 'unreadable';
/** One run was looked into, and what it owes and may have been lost was sent again (architecture.md E4). */
export interface AuditRunAnswer {
  readonly status: RunStatus;
  /** Unix ms; absent while it runs. */
  readonly completedAt?: number;
  readonly faults: readonly AuditFault[];
}
