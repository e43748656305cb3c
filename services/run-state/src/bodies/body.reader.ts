import type { BlobStore, BodyPlace, EventLog, LogEntry, Tenure } from '@stepwell/core';
import type { Kind } from '../aggregates';
import type { Stream } from '../partition/stream';

/** A body that the log names isn't where it should be: asking again won't help, somebody has to look at the store. */
export class BodyMissing extends Error {
  readonly code = 'BODY_MISSING';
  constructor(what: string) {
    super(`${what} is missing in the store`);
    this.name = 'BodyMissing';
  }
}

/** Reads bodies by the places a folded state names (L8): the newest from memory, the others from the log in one range, blobs by name. */
export class BodyReader {
  constructor(
    private readonly log: EventLog,
    private readonly blobs: BlobStore,
  ) {}

  /** Inline bodies only, in the order of `places`. The caller has seen to it that they are committed. @throws BodyMissing */
  async inline(tenure: Tenure, stream: Stream<Kind>, places: readonly BodyPlace[]): Promise<Uint8Array[]> {
    const found = places.map((place) => recent(stream, place));
    const missing = places.filter((_, index) => found[index] === undefined).map((place) => place.version);
    if (missing.length === 0) return found.map((body) => body ?? new Uint8Array());
    const entries = new Map<number, LogEntry>();
    const range = { fromVersion: min(missing), toVersion: max(missing) };
    for await (const entry of this.log.readStream(tenure.partition, stream.name, range))
      entries.set(entry.version, entry);
    return places.map((place, index) => found[index] ?? inEntry(entries.get(place.version), place));
  }

  /** Any body, as bytes. @throws BodyMissing */
  async bytes(tenure: Tenure, stream: Stream<Kind>, place: BodyPlace): Promise<Uint8Array> {
    if ('blob' in place.body) return readBlob(this.blobs, stream.aggregate.blobOwner(stream.name), place.body.blob);
    const [body] = await this.inline(tenure, stream, [place]);
    return body ?? new Uint8Array();
  }
}

/** @throws BodyMissing */
export async function readBlob(blobs: BlobStore, owner: string, sha256: string): Promise<Uint8Array> {
  const body = await blobs.get(owner, sha256);
  if (!body) throw new BodyMissing(`blob ${sha256} of ${owner}`);
  return body;
}

function recent(stream: Stream<Kind>, place: BodyPlace): Uint8Array | undefined {
  return 'inline' in place.body ? stream.recent.get(place.version, place.event, place.body.inline) : undefined;
}

/** @throws BodyMissing */
export function inEntry(entry: LogEntry | undefined, place: BodyPlace): Uint8Array {
  const body = 'inline' in place.body ? entry?.events[place.event]?.bodies[place.body.inline] : undefined;
  if (!body) throw new BodyMissing(`the body at version ${place.version}, event ${place.event}`);
  return body;
}

const min = (numbers: readonly number[]): number => numbers.reduce((least, each) => Math.min(least, each));
const max = (numbers: readonly number[]): number => numbers.reduce((most, each) => Math.max(most, each));
