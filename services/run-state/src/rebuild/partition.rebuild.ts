import type { EventLog, RunRow, RunRows, TimerRow, TimerRows } from '@stepwell/core';
import type { Kind, StreamKey } from '../aggregates';
import { inParallel } from '../partition/places';
import type { Stream } from '../partition/stream';
import { UnreadableStream } from '../partition/stream';
import { StreamLoader } from '../partition/stream.loader';
import { streamPortions } from '../partition/stream.portions';

/** What a rebuild reads, and what it writes. */
export interface RebuiltStore {
  readonly log: Pick<EventLog, 'readStream' | 'lastEntryOf' | 'positionsAfter'>;
  readonly rows: Pick<RunRows, 'upsert' | 'markComplete'>;
  readonly timers: Pick<TimerRows, 'put'>;
}

export interface Rebuilt {
  readonly rows: number;
  readonly timers: number;
  /** Names of streams that can't be folded: there is nothing of them. */
  readonly unreadable: readonly string[];
}

/** Folded at a time; their rows and timers are written together. */
const STREAMS_AT_ONCE = 500;
const FOLDS_AT_ONCE = 16;

/**
 * Makes a partition's rows and timers from its log alone, for a tool that owns nothing while nobody else does (L6, L9, T1): what its owner
 * would make, by the owner's own fold. Done twice is the same.
 *
 * @param tail position of the partition's last entry
 * @throws what the store throws
 */
export async function rebuildPartition(
  { log, rows, timers }: RebuiltStore,
  partition: number,
  tail: number,
): Promise<Rebuilt> {
  const loader = new StreamLoader(log, { partition });
  const unreadable = new Set<string>();
  // A stream may be folded more than once.
  const rowIds = new Set<string>();
  const timerIds = new Set<string>();
  for await (const portion of streamPortions(log, partition, tail)) {
    for (let from = 0; from < portion.length; from += STREAMS_AT_ONCE) {
      const made: { readonly rows: RunRow[]; readonly timers: TimerRow[] } = { rows: [], timers: [] };
      await inParallel(portion.slice(from, from + STREAMS_AT_ONCE), FOLDS_AT_ONCE, async (key) => {
        const stream = await folded(loader, key);
        if (!stream) unreadable.add(key.name);
        else if (stream.state) {
          made.timers.push(...stream.aggregate.timersOf(stream.state, partition));
          if (stream.row) made.rows.push(stream.row);
        }
      });
      await rows.upsert(made.rows);
      await timers.put(made.timers);
      for (const { runId } of made.rows) rowIds.add(runId);
      for (const { id } of made.timers) timerIds.add(id);
    }
  }
  await rows.markComplete(partition, tail);
  return { rows: rowIds.size, timers: timerIds.size, unreadable: [...unreadable] };
}

/** Undefined: it can't be. */
async function folded(loader: StreamLoader, key: StreamKey<Kind>): Promise<Stream<Kind> | undefined> {
  try {
    return await loader.load(key);
  } catch (error) {
    if (error instanceof UnreadableStream) return undefined;
    throw error;
  }
}
