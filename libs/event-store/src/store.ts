import type { BlobStore, Clock, Membership, RunRows, TimerRows } from '@stepwell/core';
import type { PartitionedEventLog } from './log/partitioned.event-log';
import type { MembershipOptions } from './membership/leased.membership';

/**
 * Everything a service with a memory of its own needs, over MongoDB (`connectMongoStore`) or in one process' memory
 * (`createMemoryStore`). Both pass the same contract suite.
 */
export interface Store {
  readonly log: PartitionedEventLog;
  readonly blobs: BlobStore;
  readonly rows: RunRows;
  readonly timers: TimerRows;
  /** The time of the store's primary, carried on while it can't be reached (T2). */
  readonly clock: Clock;
  /** Raised by a restore; part of the names of JetStream's streams (E2). @throws when {@link Store.prepare} isn't through. */
  readonly epoch: number;
  /** Collections, indexes, metadata: idempotent. Waits for the store as long as it takes. @throws NewerStore, UnfinishedStore; on `close` and when `stopping` is aborted. */
  prepare(stopping?: AbortSignal): Promise<void>;
  /**
   * One role = one service's members. What the store's log holds is published with it: others leave those partitions alone
   * until they are let go.
   */
  membership(role: string, options: MembershipOptions): Membership;
  /** For a parent that saw its child exit: its partitions are free at once (L2). Only when it is gone for sure. */
  removeMember(role: string, memberId: string): Promise<void>;
  /** For readiness: true while there is a primary. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/** Layout of the collections. An older program refuses a newer store instead of misreading it. */
export const STORE_SCHEMA_VERSION = 1;

/** The store was prepared by a newer version of this program. Remedy: upgrade this process. */
export class NewerStore extends Error {
  readonly code = 'NEWER_STORE';
  constructor(
    readonly found: number,
    readonly known: number,
  ) {
    super(`the store has layout ${found}, this program knows ${known}: upgrade this process`);
    this.name = 'NewerStore';
  }
}

/** What a tool does to a store as a whole. */
export type Unfinished = 'restore' | 'rebuild';

const REMEDIES = {
  restore: 'drop the database and restore once more',
  rebuild: 'run `stepwell rebuild` once more',
} as const satisfies Record<Unfinished, string>;

/** A tool was interrupted, or is still at work: what is in the store isn't whole. */
export class UnfinishedStore extends Error {
  readonly code = 'UNFINISHED_STORE';
  constructor(readonly unfinished: Unfinished) {
    super(`a ${unfinished} of this store has not ended. Unless it is still running: ${REMEDIES[unfinished]}`);
    this.name = 'UnfinishedStore';
  }
}

/** A blob's bytes are not what its name says: it was damaged in the store. */
export class CorruptBlob extends Error {
  readonly code = 'CORRUPT_BLOB';
  constructor(
    readonly run: string,
    readonly sha256: string,
  ) {
    super(`blob ${sha256} of run ${run} is damaged`);
    this.name = 'CorruptBlob';
  }
}
