import type { LogEntry, RunRow, StoredEvent } from '@stepwell/core';
import type { Aggregate, ChangesOf, EventOf, Kind, StateOf, StreamKey } from '../aggregates';
import { RecentBodies } from './recent-bodies';

/** A stream can't be folded: every ask on it stays unanswered, until somebody mended the cause. The others go on. */
export class UnreadableStream extends Error {
  readonly code = 'UNREADABLE_STREAM';
  constructor(stream: string, cause: unknown) {
    super(`stream ${stream} can not be folded`, { cause });
    this.name = 'UnreadableStream';
  }
}

/**
 * One stream in memory: the folded state, what is needed to append to it, and the newest bodies.
 *
 * 1. `state` includes what was appended and isn't committed yet (L3); who loses the commit drops the whole object.
 * 2. `lastCommit` settles when everything in `state` is durable: nothing that rests on `state` leaves before (L4).
 */
export class Stream<K extends Kind> implements StreamKey<K> {
  readonly kind: K;
  readonly aggregate: Aggregate<K>;
  readonly name: string;
  state: StateOf<K> | undefined;
  version = 0;
  sum = '';
  lastCommit: Promise<void> = Promise.resolve();
  /** False while `lastCommit` is pending: such a stream must not be evicted. */
  isCommitted = true;
  /** As of the last *committed* change of it: the state may be ahead, and what is ahead may be lost (L4, L9). */
  row: RunRow | undefined;
  /** What is done and not yet written (L7), by the ids of its kind. */
  readonly unwritten = new Set<string>();
  /** Version of the last snapshot's last part; 0 = there is none. */
  snapshotAt = 0;
  /** What the state owed when it was read from the log, with the position each came from: for recovery (E2). */
  owedAtLoad: readonly { readonly effectId: string; readonly n: number }[] = [];
  readonly recent = new RecentBodies();

  constructor({ aggregate, name }: StreamKey<K>) {
    this.kind = aggregate.kind;
    this.aggregate = aggregate;
    this.name = name;
  }

  /** Folds a committed entry that was read. @throws UnreadableStream */
  fold(entry: LogEntry): { readonly changes: ChangesOf<K>; readonly events: readonly EventOf<K>[] } {
    try {
      const events = entry.events.map((stored) => parseEvent(this.aggregate, stored));
      const changes = this.evolve(entry.version, entry.at, events);
      this.sum = entry.sum;
      return { changes, events };
    } catch (error) {
      throw new UnreadableStream(this.name, error);
    }
  }

  evolve(version: number, at: number, events: readonly EventOf<K>[]): ChangesOf<K> {
    const { state, changes } = this.aggregate.evolve(this.state, { stream: this.name, version, at, events });
    this.state = state;
    this.version = version;
    return changes;
  }

  rowNow(partition: number): RunRow | undefined {
    return this.state && this.aggregate.rowOf?.(this.state, partition);
  }

  /** What is appended when this is accepted: what is done goes first. */
  withDone(accepted: readonly EventOf<K>[], ids: readonly string[]): readonly EventOf<K>[] {
    const done = ids.length > 0 && this.state && this.aggregate.doneEvent(this.state, ids);
    return done ? [done, ...accepted] : accepted;
  }

  snapshotIsDue(): boolean {
    const { snapshots } = this.aggregate;
    return (
      snapshots !== undefined && this.state !== undefined && snapshots.isDue(this.state, this.version - this.snapshotAt)
    );
  }
}

export type RunStream = Stream<'run'>;
export type MailboxStream = Stream<'mailbox'>;

/** Tells a stream of any kind for what it is. */
export function isOfKind<K extends Kind>(stream: Stream<Kind>, kind: K): stream is Stream<K> {
  return stream.kind === kind;
}

export function parseEvent<K extends Kind>(aggregate: Aggregate<K>, stored: StoredEvent): EventOf<K> {
  if (!aggregate.knows(stored.type)) throw new Error(`unknown event ${stored.type}: written by a newer version?`);
  const data: unknown = JSON.parse(stored.data);
  return { type: stored.type, data, bodies: stored.bodies } as EventOf<K>;
}

export function serializeEvent({ type, data, bodies }: EventOf<Kind>): StoredEvent {
  return { type, data: JSON.stringify(data), bodies };
}
