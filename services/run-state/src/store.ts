import type { BlobStore, EventLog, Membership, RunRows } from '@stepwell/core';

/** What run-state needs of the event store; both drivers of `@stepwell/event-store` offer it. */
export interface RunStateStore {
  readonly log: EventLog;
  readonly blobs: BlobStore;
  readonly rows: RunRows;
  readonly membership: Membership;
}

export const STORE = Symbol('RunStateStore');
