import type { RunRow, TimerRow } from '@stepwell/core';
import type { LogDocument, TermedCheckpoint } from '../log/log-driver';
import type { MemberDocument } from '../membership/member-driver';

/** What several in-memory stores have in common, as processes have a database: give the same one to each. */
export class MemoryData {
  /** By partition, then position. */
  readonly entries = new Map<number, Map<number, LogDocument>>();
  /** Taken {p, stream, version}. */
  readonly versions = new Set<string>();
  readonly checkpoints = new Map<number, TermedCheckpoint>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly rows = new Map<string, RunRow>();
  /** By mark. */
  readonly completeUpTo = new Map<string, number>();
  readonly timers = new Map<string, TimerRow>();
  readonly members = new Map<string, MemberDocument>();
}
