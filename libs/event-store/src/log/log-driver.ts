import type { Checkpoint } from '@stepwell/core';

/**
 * What the log needs of a database, and nothing more. The rules (claiming, group commit, fencing) are written once above it, in
 * `partitioned.event-log.ts`; a driver only stores and reads.
 *
 * D1 `insertMany` is ordered: on a duplicate of `_id`, or of {p, stream, version}, everything before it is stored (journaled, by a
 *    majority) and nothing after it.
 * D2 A throw of `insertMany` means that nothing is known: none, some or all may be stored, now or later.
 * D3 Reads see at least everything whose `insertMany` was answered.
 */
export interface LogDriver {
  insertMany(documents: readonly LogDocument[]): Promise<InsertOutcome>;
  /** The entry with the highest position. May be one whose insert was not answered yet. */
  lastEntry(partition: number): Promise<LogPosition | undefined>;
  /** The newest claim. May be one whose insert was not answered yet. */
  lastClaim(partition: number): Promise<LogDocument | undefined>;
  /** In order of version, both ends included. */
  stream(partition: number, stream: string, fromVersion: number, toVersion: number): AsyncIterable<LogDocument>;
  /** The stream's newest entry below `beforeVersion` whose first event is of this type. */
  lastOfType(
    partition: number,
    stream: string,
    eventType: string,
    beforeVersion: number,
  ): Promise<LogDocument | undefined>;
  /** In order of position. */
  positionsAfter(partition: number, afterN: number): AsyncIterable<StreamPosition>;
  streamsAt(partition: number, positions: readonly number[]): Promise<StreamPosition[]>;
  readCheckpoint(partition: number): Promise<TermedCheckpoint | undefined>;
  /** Dropped when a checkpoint of a later term is stored. */
  writeCheckpoint(partition: number, checkpoint: TermedCheckpoint): Promise<void>;
}

export interface InsertOutcome {
  /** How many were stored, from the first on. */
  readonly stored: number;
  /** Index of the document that was there already, or whose place was taken. */
  readonly duplicateAt?: number;
}

/** `_id = p · 2^40 + n`, as a number: see architecture.md L1. Field names are short because every entry repeats them. */
export interface LogDocument {
  readonly _id: number;
  readonly p: number;
  readonly stream: string;
  readonly version: number;
  readonly at: number;
  readonly term: number;
  readonly events: readonly LogEventDocument[];
  readonly sum: string;
}

/** `data` stays JSON text: users' names never become field names (dots, `$`, `__proto__`), numbers never change their type. */
export interface LogEventDocument {
  readonly type: string;
  readonly data: string;
  readonly bodies: readonly Uint8Array[];
}

export interface LogPosition {
  readonly n: number;
  readonly at: number;
  readonly term: number;
}

export interface StreamPosition {
  readonly n: number;
  readonly stream: string;
}

export type TermedCheckpoint = Checkpoint & { readonly term: number };

/** The stream claims are written to. Its version is the term, so that the unique index fences terms too. */
export const CLAIM_STREAM = '~claim';
