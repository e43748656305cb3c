import type { EventLog, LogEntry, Tenure } from '@stepwell/core';
import { CorruptStream, partitionOf } from '@stepwell/core';
import type { EventOf, Kind, Snapshots, StreamKey } from '../aggregates';
import { parseEvent, Stream, UnreadableStream } from './stream';

/** Reads streams of one partition from its log. Owns nothing: who keeps the stream is the host. */
export class StreamLoader {
  constructor(
    private readonly log: Pick<EventLog, 'readStream' | 'lastEntryOf'>,
    private readonly tenure: Pick<Tenure, 'partition'>,
  ) {}

  /**
   * The stream folded to its end, from its last complete snapshot on. What was owed before that counts at the snapshot's position: a
   * hole in the checkpoint names a stream, and that is what is folded (E2).
   *
   * @throws UnreadableStream; whatever the store throws
   */
  async load<K extends Kind>(key: StreamKey<K>): Promise<Stream<K>> {
    const { partition } = this.tenure;
    if (partitionOf(key.name) !== partition) throw new Error(`${key.name} was asked for in partition ${partition}`);
    const stream = new Stream(key);
    const positions = new Map<string, number>();
    let last: { readonly version: number; readonly events: readonly EventOf<K>[] } | undefined;
    const { snapshots } = key.aggregate;
    try {
      const range = snapshots && (await this.rangeOf(stream, snapshots));
      for await (const entry of this.log.readStream(partition, key.name, range)) {
        const { changes, events } = stream.fold(entry);
        for (const { effectId } of changes.owed) positions.set(effectId, entry.n);
        last = { version: entry.version, events };
      }
    } catch (error) {
      throw error instanceof CorruptStream ? new UnreadableStream(key.name, error) : error;
    }
    // What is asked of a stream that was just read is often about its newest entry.
    if (last) stream.recent.add(last.version, last.events);
    stream.owedAtLoad = [...positions]
      .filter(([effectId]) => stream.state?.owed.has(effectId))
      .map(([effectId, n]) => ({ effectId, n }));
    stream.row = stream.rowNow(partition);
    return stream;
  }

  /** Over a set that isn't complete (its writer died within it) to the one before. */
  private async rangeOf<K extends Kind>(
    stream: Stream<K>,
    snapshots: Snapshots<K>,
  ): Promise<{ fromVersion: number } | undefined> {
    let before: number | undefined;
    for (;;) {
      const entry = await this.log.lastEntryOf(this.tenure.partition, stream.name, snapshots.eventType, before);
      const set = entry && snapshots.setOf(entry.version, firstEventOf(stream, entry));
      if (!set) return undefined;
      if (set.isComplete) {
        stream.snapshotAt = entry.version;
        return { fromVersion: set.first };
      }
      before = set.first;
    }
  }
}

function firstEventOf<K extends Kind>({ aggregate, name }: Stream<K>, { events: [first] }: LogEntry): EventOf<K> {
  if (!first) throw new UnreadableStream(name, new Error('an entry without an event'));
  return parseEvent(aggregate, first);
}
