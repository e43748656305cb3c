import type { BlobStore, Bus, CopyRunRequest, RunEvent, RunEventData, RunState } from '@stepwell/core';
import {
  asks,
  blobsIn,
  copiedEvent,
  copyCompleted,
  isRefused,
  MAX_INLINE_BODIES_BYTES,
  message,
  partitionOf,
  runStream,
} from '@stepwell/core';
import { readBlob } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/stream';
import { parseEvent, serializeEvent } from '../partition/stream';
import { RefusedForGood } from './for-good';

type Serialized = ReturnType<typeof serializeEvent>;

const PATIENCE_MS = 10_000;
/** Of events' data in one part, bodies aside; and how many: a document has room for more, an ask's head isn't to be long. */
const MOST_DATA_CHARS = 512 * 1024;
const MOST_EVENTS = 1_000;

/**
 * Copies what a failed run's log says was done to the run that resumes it (protocol.md 12): blobs first (L5), then the events, in parts
 * that are one entry each of the new stream. The same log is always cut into the same parts, by every version of this program: a copy
 * that was broken off is taken up again by sending it once more.
 */
export class LogCopier {
  constructor(
    private readonly bus: Pick<Bus, 'ask'>,
    private readonly blobs: BlobStore,
  ) {}

  /** @throws RefusedForGood, BodyMissing; NobodyAnswered and what the store throws */
  async copy(
    host: PartitionHost,
    stream: RunStream,
    failed: RunState,
    takenOver: RunEventData['RunTakenOver'],
  ): Promise<void> {
    const { successor } = takenOver;
    const copied = new Set<string>();
    let part = 0;
    for await (const events of this.parts(host, stream, failed, takenOver)) {
      for (const sha256 of new Set(events.flatMap(({ data }) => blobsIn(JSON.parse(data))))) {
        if (copied.has(sha256)) continue;
        await this.blobs.put(successor, sha256, await readBlob(this.blobs, failed.runId, sha256));
        copied.add(sha256);
      }
      await this.send(host, { runId: successor, from: failed.runId, part }, events);
      part += 1;
    }
  }

  private async *parts(
    host: PartitionHost,
    stream: RunStream,
    failed: RunState,
    takenOver: RunEventData['RunTakenOver'],
  ): AsyncGenerator<readonly Serialized[]> {
    let events: Serialized[] = [];
    let bytes = 0;
    let chars = 0;
    for await (const event of copiesOf(host, stream, failed, takenOver)) {
      const copy = serializeEvent(event);
      const size = copy.bodies.reduce((sum, body) => sum + body.byteLength, 0);
      const isFull =
        bytes + size > MAX_INLINE_BODIES_BYTES ||
        chars + copy.data.length > MOST_DATA_CHARS ||
        events.length === MOST_EVENTS;
      if (isFull && events.length > 0) {
        yield events;
        [events, bytes, chars] = [[], 0, 0];
      }
      events.push(copy);
      bytes += size;
      chars += copy.data.length;
    }
    yield events;
  }

  private async send(
    host: PartitionHost,
    part: Omit<CopyRunRequest, 'events'>,
    copies: readonly Serialized[],
  ): Promise<void> {
    const bodies: Uint8Array[] = [];
    const events = copies.map((copy) => ({ ...copy, bodies: copy.bodies.map((body) => bodies.push(body) - 1) }));
    const patience = { patienceMs: PATIENCE_MS, signal: host.tenure.lost };
    const address = { partition: partitionOf(runStream(part.runId)) };
    const { head } = await this.bus.ask(asks.CopyRun, address, message({ ...part, events }, bodies), patience);
    if (isRefused(head)) throw new RefusedForGood(`${head.refused}: ${head.message ?? ''}`);
  }
}

/** In the order of the log; last the event that makes the copy whole. */
async function* copiesOf(
  host: PartitionHost,
  stream: RunStream,
  failed: RunState,
  takenOver: RunEventData['RunTakenOver'],
): AsyncGenerator<RunEvent> {
  for await (const entry of host.entriesOf(stream)) {
    for (const stored of entry.events) {
      const copy = copiedEvent(parseEvent(stream.aggregate, stored), failed, takenOver);
      if (copy) yield copy;
    }
  }
  yield copyCompleted(takenOver);
}
