import type { EventLog } from '@stepwell/core';
import type { Kind, StreamKey } from '../aggregates';
import { keyOfStream } from '../aggregates';

/** A partition may have had millions of streams: never are all their names in memory. */
const STREAMS_AT_ONCE = 5_000;

/**
 * The streams of a partition that have an entry up to this position, in portions: each once in a portion, but one that went on for long
 * may be in several.
 */
export async function* streamPortions(
  log: Pick<EventLog, 'positionsAfter'>,
  partition: number,
  upTo: number,
): AsyncIterable<StreamKey<Kind>[]> {
  let portion = new Map<string, StreamKey<Kind>>();
  for await (const { n, stream } of log.positionsAfter(partition, 0)) {
    if (n > upTo) break;
    const key = keyOfStream(stream);
    if (key) portion.set(stream, key);
    if (portion.size < STREAMS_AT_ONCE) continue;
    yield [...portion.values()];
    portion = new Map();
  }
  if (portion.size > 0) yield [...portion.values()];
}
