import type { BlobStore, BodyPlace, RunLog } from '@stepwell/core';
import { runLogOf, shownPlaces } from '@stepwell/core';
import { inEntry } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import { ShownBodies, showingOf } from './log.bodies';
import type { RunHistory } from './run.history';
import { readHistory } from './run.history';

/** One run as in protocol.md section 11, or undefined when there is none. */
export async function readRunLog(
  host: PartitionHost,
  blobs: BlobStore,
  runId: string,
  trim: boolean,
): Promise<RunLog | undefined> {
  const history = await readHistory(host, runId);
  if (!history) return undefined;
  const fetched = trim ? new Map<string, Uint8Array>() : await fetchBlobs(blobs, runId, history);
  const read = (place: BodyPlace): Uint8Array | undefined =>
    'blob' in place.body ? fetched.get(place.body.blob) : inEntry(history.entries.get(place.version), place);
  return runLogOf(history.state, new ShownBodies(read, showingOf(history.state.start.config.redact, trim)));
}

/** Everything the log may show that isn't inline. */
async function fetchBlobs(blobs: BlobStore, runId: string, { state }: RunHistory): Promise<Map<string, Uint8Array>> {
  const names = new Set(shownPlaces(state).flatMap(({ body }) => ('blob' in body ? [body.blob] : [])));
  const fetched = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await blobs.get(runId, name);
    if (bytes) fetched.set(name, bytes);
  }
  return fetched;
}
