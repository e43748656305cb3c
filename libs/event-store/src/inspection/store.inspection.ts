import type { EventLog, RunRows, TimerRow, TimerRows } from '@stepwell/core';
import type { Unfinished } from '../store';

/**
 * A store as a tool looks at it that owns nothing in it (`stepwell doctor`, `rebuild`): read while services write, without a claim, without
 * making anything. What mends is named so, and changes nothing that isn't derived from the log.
 */
export interface StoreInspection {
  server(): Promise<DatabaseReport>;
  /** Undefined = no service was ever started on it. */
  layout(): Promise<StoreLayout | undefined>;
  missingIndexes(): Promise<MissingIndex[]>;
  /** Makes collections and indexes that are missing, as every service does when it starts. */
  mendIndexes(): Promise<void>;
  members(): Promise<MemberReport[]>;
  /** All of them, in order. */
  partitions(): Promise<PartitionReport[]>;
  readonly log: Pick<EventLog, 'readStream' | 'positionsAfter' | 'lastEntryOf'>;
  /** Conditional on the version: what the log says may be written by anybody. */
  readonly rows: RunRows;
  /** For rows whose run isn't in the log, and those of a version that it never had. */
  removeRows(runIds: readonly string[]): Promise<void>;
  readonly timers: Pick<TimerRows, 'put' | 'remove'>;
  /** In the order of their ids. */
  everyTimer(): AsyncIterable<TimerRow>;
  timersOf(ids: readonly string[]): Promise<TimerRow[]>;
  /**
   * Drops rows and timers, and keeps services from starting until {@link finishRebuild}. Only where none is running. May be begun again.
   *
   * @throws UnfinishedStore when something else is unfinished; when no service was ever started on it
   */
  beginRebuild(): Promise<void>;
  finishRebuild(): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseReport {
  readonly version: string;
  /** Absent = it is no replica set. */
  readonly replicaSet?: string;
  readonly isPrimary: boolean;
  readonly roundTripMs: number;
  /** How far its clock is ahead of this process', in milliseconds; as exact as half a round trip. */
  readonly aheadMs: number;
}

export interface StoreLayout {
  readonly epoch: number;
  readonly schemaVersion: number;
  /** A tool was interrupted, or is at work: no service starts on it. */
  readonly unfinished?: Unfinished;
}

export interface MissingIndex {
  readonly collection: string;
  /** Its fields, such as `status,createdAt,_id`. */
  readonly fields: string;
}

export interface MemberReport {
  readonly role: string;
  readonly memberId: string;
  /** Changes as long as the member lives. */
  readonly pulse: string;
  readonly holds: readonly number[];
}

export interface PartitionReport {
  readonly partition: number;
  /** Position of the last entry; 0 = there is none. */
  readonly tail: number;
  readonly checkpoint: number;
  readonly holes: number;
  /** Of the events, as the last claim says. */
  readonly eventSchema: number;
}
