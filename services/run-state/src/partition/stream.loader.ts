import type { EventLog, Tenure } from '@stepwell/core';
import { CorruptStream, partitionOf } from '@stepwell/core';
import type { Kind, StreamKey } from '../aggregates';
import { Stream, UnreadableStream } from './stream';

/** Reads streams of one partition from its log. Owns nothing: who keeps the stream is the host. */
export class StreamLoader {
  constructor(
    private readonly log: Pick<EventLog, 'readStream'>,
    private readonly tenure: Pick<Tenure, 'partition'>,
  ) {}

  /** The stream folded to its end. @throws UnreadableStream; whatever the store throws */
  async load<K extends Kind>(key: StreamKey<K>): Promise<Stream<K>> {
    const { partition } = this.tenure;
    if (partitionOf(key.name) !== partition) throw new Error(`${key.name} was asked for in partition ${partition}`);
    const stream = new Stream(key);
    const positions = new Map<string, number>();
    try {
      for await (const entry of this.log.readStream(partition, key.name)) {
        for (const { effectId } of stream.fold(entry).owed) positions.set(effectId, entry.n);
      }
    } catch (error) {
      throw error instanceof CorruptStream ? new UnreadableStream(key.name, error) : error;
    }
    stream.owedAtLoad = [...positions]
      .filter(([effectId]) => stream.state?.owed.has(effectId))
      .map(([effectId, n]) => ({ effectId, n }));
    stream.row = stream.rowNow(partition);
    return stream;
  }
}
