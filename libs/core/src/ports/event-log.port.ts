/**
 * The partition log (architecture.md section 3). One decision = one document; `n` is dense per partition; writes rest on the
 * document's id alone (L2). Two outcomes of a failed write per partition only: claimed anew, or given up (section 12.3).
 */

/** One event as stored: `data` is JSON text (users' names never become BSON keys), bodies are the exact bytes received (L5). */
export interface StoredEvent {
  readonly type: string;
  readonly data: string;
  readonly bodies: readonly Uint8Array[];
}

export interface LogEntry {
  readonly partition: number;
  /** Dense per partition, from 1. */
  readonly n: number;
  readonly stream: string;
  /** Dense per stream, from 1. */
  readonly version: number;
  /** Unix ms, never below the partition's last (T2). */
  readonly at: number;
  readonly term: number;
  readonly events: readonly StoredEvent[];
  /** Checksum chain of the stream up to here (L6), hex. */
  readonly sum: string;
}

export interface Draft {
  readonly stream: string;
  /** The stream's version after this entry. */
  readonly version: number;
  /** `sum` of the stream's previous entry, '' for the first. */
  readonly previousSum: string;
  /** What {@link Tenure.nowMs} said in this same turn, when the decision rests on it: the entry is stamped with it. */
  readonly at?: number;
  readonly events: readonly StoredEvent[];
}

/** What an append gives at once; `committed` settles later. State may already be evolved, nothing may leave before (L4). */
export interface Appended {
  readonly n: number;
  readonly at: number;
  readonly sum: string;
  /** Resolves after the journaled majority write; rejects with {@link PartitionLost}. */
  readonly committed: Promise<void>;
}

/**
 * Owning one partition during one term, from a committed claim until it is given up. After `lost` nothing can be appended; whoever
 * held optimistic state on it drops it and folds again under the next tenure.
 */
export interface Tenure {
  readonly partition: number;
  readonly term: number;
  /** Position of the own claim: everything before it is what there is to fold. */
  readonly claimedAt: number;
  /** Aborted when the tenure ends, whatever the reason. */
  readonly lost: AbortSignal;
  /** What an append made now would be stamped with: server time, never below the last. */
  nowMs(): number;
  /** @throws EntryTooLarge before anything is queued; {@link PartitionLost} when the tenure is over. */
  append(draft: Draft): Appended;
  /** Hands over in order: waits for the last insert, then ends the tenure. */
  release(): Promise<void>;
}

export class PartitionLost extends Error {
  constructor(
    readonly partition: number,
    readonly reason: 'fenced' | 'unknown-outcome' | 'released' | 'not-owned',
  ) {
    super(`partition ${partition}: ${reason}`);
    this.name = 'PartitionLost';
  }
}

/** The decision is refused before it is queued: a document over the limit would make the driver store nothing, again and again. */
export class EntryTooLarge extends Error {
  readonly code = 'BODY_TOO_LARGE';
  constructor(
    readonly sizeBytes: number,
    readonly limitBytes: number,
  ) {
    super(`entry of ${sizeBytes} bytes, limit ${limitBytes}`);
    this.name = 'EntryTooLarge';
  }
}

/** A decision's inline bodies sum to at most this; the largest become blobs (L3, L5). */
export const MAX_INLINE_BODIES_BYTES = 1024 * 1024;
/** A body over this is a blob (L5). */
export const MAX_INLINE_BODY_BYTES = 256 * 1024;
export const MAX_ENTRY_BYTES = 4 * 1024 * 1024;
export const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** Everything up to `n` is settled but the listed positions (E1). It may lag, never lead. */
export interface Checkpoint {
  readonly n: number;
  readonly holes: readonly number[];
}

export interface EventLog {
  /** Lands `term + 1` at tail + 1, retried until it lands (L2). Rejects only when `signal` is aborted. */
  claim(partition: number, signal: AbortSignal): Promise<Tenure>;
  /** The stream's entries in order, checksum chain verified. @throws CorruptStream */
  readStream(
    partition: number,
    stream: string,
    range?: { fromVersion?: number; toVersion?: number },
  ): AsyncIterable<LogEntry>;
  /**
   * The newest entry of the stream, below `beforeVersion` if that is given, whose first event is of this type: where a snapshot is
   * (L8).
   */
  lastEntryOf(
    partition: number,
    stream: string,
    eventType: string,
    beforeVersion?: number,
  ): Promise<LogEntry | undefined>;
  /** Which stream each position after `afterN` belongs to, in order; claims left out. */
  positionsAfter(partition: number, afterN: number): AsyncIterable<{ n: number; stream: string }>;
  /** Same for the given positions. */
  streamsAt(partition: number, positions: readonly number[]): Promise<{ n: number; stream: string }[]>;
  readCheckpoint(partition: number): Promise<Checkpoint>;
  /** Dropped silently when a later term has written: a zombie's checkpoint is worth nothing. */
  writeCheckpoint(tenure: Tenure, checkpoint: Checkpoint): Promise<void>;
  /** Server time as known now (T2). */
  nowMs(): number;
  isConnected(): boolean;
}

export class CorruptStream extends Error {
  readonly code = 'CORRUPT_STREAM';
  constructor(
    readonly stream: string,
    readonly version: number,
    reason: string,
  ) {
    super(`stream ${stream} at version ${version}: ${reason}`);
    this.name = 'CorruptStream';
  }
}

/** Which partitions this process owns, by membership and rendezvous hash (L2). One role = one service's members. */
export interface Membership {
  readonly memberId: string;
  start(): Promise<void>;
  /** Frees everything at once: the others needn't wait for a lease. */
  stop(): Promise<void>;
  /** What this member ought to own now. */
  assigned(): ReadonlySet<number>;
  /** Ids of the members alive, this one included. */
  members(): readonly string[];
  onChange(listener: () => void): () => void;
  /** True while the lease is valid on the monotonic clock, counted from before the last renewal was sent (L2). */
  leaseIsValid(): boolean;
}

/** Bodies over 256 KiB: written (twice is the same) and journaled before the event that names them (L5). One blob, one run. */
export interface BlobStore {
  put(run: string, sha256: string, bytes: Uint8Array): Promise<void>;
  get(run: string, sha256: string): Promise<Uint8Array | undefined>;
}

export const PARTITIONS = 64;
