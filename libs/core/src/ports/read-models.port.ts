import type { WaitingFor } from '../run/explain/waiting.reason';

/** A run as lists show it: an effect of the log, conditional on the version, rebuilt at will (L9). */
export interface RunRow {
  readonly runId: string;
  readonly partition: number;
  readonly version: number;
  readonly status: RunStatus;
  readonly url: string;
  /** Of the URL: host with port, and path without query. */
  readonly host: string;
  readonly path: string;
  readonly workflow: string;
  readonly labels: readonly string[];
  readonly callerIp: string;
  readonly flowControlKey?: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** Unix ms; absent while it runs. */
  readonly completedAt?: number;
  /** What it waits for, once that has held for a second; a run that was just begun waits for its first delivery, or for its time. */
  readonly waitingFor?: WaitingFor;
  /** While the run is a dead letter (protocol.md 12). */
  readonly deadLetter?: DeadLetterRow;
}

/** What dead letters are found by; the letter itself is read from its run. */
export interface DeadLetterRow {
  readonly dlqId: string;
  /** Unix ms. */
  readonly failedAt: number;
  /** Of the answer that failed the run; 0 = there was none. */
  readonly responseStatus: number;
  /** Of the failure callback; absent when there is none. */
  readonly failureState?: FailureCallbackState;
}

export type FailureCallbackState = 'in-progress' | 'succeeded' | 'failed' | 'cancelled';

export type RunStatus = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** The one, or any of several. */
export type AnyOf<T> = T | readonly T[];

export interface RunFilter {
  readonly runIds?: readonly string[];
  readonly workflowUrl?: AnyOf<string>;
  /** Beginning of the workflow's URL (protocol.md 8.8). */
  readonly urlPrefix?: string;
  readonly host?: AnyOf<string>;
  readonly path?: AnyOf<string>;
  /** Dead letters alone, newest failure first; `fromMs` and `toMs` are then of the failure. */
  readonly deadLetters?: { readonly responseStatus?: number; readonly failureState?: FailureCallbackState };
  readonly status?: RunStatus;
  readonly waitingFor?: AnyOf<WaitingFor>;
  readonly labels?: readonly string[];
  readonly callerIp?: AnyOf<string>;
  readonly flowControlKey?: AnyOf<string>;
  readonly createdAt?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface RunRows {
  /** A row with an older version than the stored one is dropped. */
  upsert(rows: readonly RunRow[]): Promise<void>;
  /** Newest first by (createdAt, runId), dead letters by (failedAt, runId). `cursor` is what an earlier page returned. */
  list(filter: RunFilter, page: { count: number; cursor?: string }): Promise<{ rows: RunRow[]; cursor?: string }>;
  /** Up to which position a partition's rows are known to be complete; undefined = the rows are gone or were never made. */
  completeUpTo(partition: number): Promise<number | undefined>;
  /** Kept in the same collection as the rows, so that who drops the rows drops it too. */
  markComplete(partition: number, n: number): Promise<void>;
}

/** A timer, written by the scheduler alone; removed only after the ask it makes was answered (T1). */
export interface TimerRow {
  readonly id: string;
  readonly partition: number;
  /** Unix ms. */
  readonly dueAt: number;
  /** Opaque to the scheduler: handed back to run-state in `TimersDue`. */
  readonly ask: TimerAsk;
}

/** What a timer is for: an attempt of a run's message, or the deadline of a waiter in a mailbox. */
export type TimerAsk =
  | { readonly runId: string; readonly messageId: string; readonly attempt: number }
  | { readonly eventId: string; readonly messageId: string };

export interface TimerRows {
  put(timers: readonly TimerRow[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  /** Due before `beforeMs`, soonest first. */
  due(partitions: readonly number[], beforeMs: number, limit: number): Promise<TimerRow[]>;
  count(partitions: readonly number[]): Promise<number>;
}
