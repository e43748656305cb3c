import type { Changes, RunEvent, RunRow, RunState, StoredEvent } from '@stepwell/core';
import { evolve, isRunEventType, rowOf, type LogEntry } from '@stepwell/core';

/** A run's log can't be folded: every ask on it stays unanswered, until somebody mended the cause. The others go on. */
export class UnreadableRun extends Error {
  readonly code = 'UNREADABLE_RUN';
  constructor(stream: string, cause: unknown) {
    super(`stream ${stream} can not be folded`, { cause });
    this.name = 'UnreadableRun';
  }
}

/**
 * One run's stream in memory: the folded state, what is needed to append to it, and the newest bodies.
 *
 * 1. `state` includes what was appended and isn't committed yet (L3); who loses the commit drops the whole object.
 * 2. `lastCommit` settles when everything in `state` is durable: nothing that rests on `state` leaves before (L4).
 */
export class RunStream {
  state: RunState | undefined;
  version = 0;
  sum = '';
  lastCommit: Promise<void> = Promise.resolve();
  /** False while `lastCommit` is pending: such a stream must not be evicted. */
  isCommitted = true;
  /** As of the last *committed* change of it: the state may be ahead, and what is ahead may be lost (L4, L9). */
  row: RunRow | undefined;
  /** Deliveries that succeeded and owe nothing, not yet written (L7). */
  readonly unwritten = new Set<string>();
  /** What the state owed when it was read from the log, with the position each came from: for recovery (E2). */
  owedAtLoad: readonly { readonly effectId: string; readonly n: number }[] = [];
  readonly recent = new RecentBodies();

  constructor(readonly name: string) {}

  /** Folds a committed entry that was read. @throws UnreadableRun */
  fold(entry: LogEntry): Changes {
    try {
      const changes = this.evolve(entry.version, entry.at, entry.events.map(parseEvent));
      this.sum = entry.sum;
      return changes;
    } catch (error) {
      throw new UnreadableRun(this.name, error);
    }
  }

  evolve(version: number, at: number, events: readonly RunEvent[]): Changes {
    const { state, changes } = evolve(this.state, { stream: this.name, version, at, events });
    this.state = state;
    this.version = version;
    return changes;
  }

  rowNow(partition: number): RunRow | undefined {
    return this.state && rowOf(this.state, partition);
  }
}

export function parseEvent(stored: StoredEvent): RunEvent {
  if (!isRunEventType(stored.type)) throw new Error(`unknown event ${stored.type}: written by a newer version?`);
  const data: unknown = JSON.parse(stored.data);
  return { type: stored.type, data, bodies: stored.bodies } as RunEvent;
}

export function serializeEvent(event: RunEvent): StoredEvent {
  return { type: event.type, data: JSON.stringify(event.data), bodies: event.bodies };
}

/** The bodies appended last, as many as an item's tail can hold (H5), so that the hot path never reads the log. */
class RecentBodies {
  private static readonly limitBytes = 16 * 1024;
  /** By version, oldest first; then by event and slot. */
  private readonly kept = new Map<number, { readonly events: readonly KeptBodies[]; readonly bytes: number }>();
  private bytes = 0;

  add(version: number, events: readonly RunEvent[]): void {
    let bytes = 0;
    const copies = events.map(({ bodies }) =>
      bodies.map((body) => {
        if (body.byteLength > RecentBodies.limitBytes) return undefined;
        bytes += body.byteLength;
        // A copy: a slice would keep the whole frame alive that it came in.
        return new Uint8Array(body);
      }),
    );
    this.kept.set(version, { events: copies, bytes });
    this.bytes += bytes;
    for (const [oldest, entry] of this.kept) {
      if (this.bytes <= RecentBodies.limitBytes) break;
      this.kept.delete(oldest);
      this.bytes -= entry.bytes;
    }
  }

  get(version: number, event: number, slot: number): Uint8Array | undefined {
    return this.kept.get(version)?.events[event]?.[slot];
  }
}

type KeptBodies = readonly (Uint8Array | undefined)[];
