import type {
  BlobStore,
  BodyPlace,
  EntryHead,
  LogEntry,
  Message,
  ReadEntriesAnswer,
  Refused,
  RunState,
  Tenure,
} from '@stepwell/core';
import { assembleStepList, encodeStepEntry, message } from '@stepwell/core';
import type { BodyReader } from '../bodies/body.reader';
import { inEntry, readBlob } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/stream';
import { readHistory } from './run.history';

/** What a caller lacks of a run's message log (H5): the entries `from`..`to`, blobs by name. Reads that range of the log, not all of it. */
export async function readEntries(
  bodies: BodyReader,
  tenure: Tenure,
  stream: RunStream,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Message<ReadEntriesAnswer | Refused>> {
  if (!stream.state) return message<Refused>({ refused: 'UNKNOWN_RUN' });
  const wanted = stream.state.entries.slice(from, to + 1);
  const inlinePlaces = wanted.flatMap(({ place }) => ('blob' in place.body ? [] : [place]));
  const read = await bodies.inline(tenure, stream, inlinePlaces);
  let next = 0;
  const entries = wanted.map(({ index, messageId, place: { body } }): EntryHead => ({
    index,
    messageId,
    callType: 'step',
    body: 'blob' in body ? { blob: { sha256: body.blob, sizeBytes: body.sizeBytes } } : { inline: next++ },
  }));
  return message({ entries }, read);
}

/** The whole message log as JSON (lazy fetch, protocol.md 7.5), or undefined when the run is over or unknown. */
export async function readMessageList(
  host: PartitionHost,
  blobs: BlobStore,
  runId: string,
): Promise<Uint8Array | undefined> {
  const history = await readHistory(host, runId);
  if (history?.state.status !== 'running') return undefined;
  const { state, entries } = history;
  const encoded: Uint8Array[] = [];
  for (const { messageId, place } of state.entries) {
    encoded.push(encodeStepEntry({ messageId, callType: 'step', body: await bodyOf(blobs, state, entries, place) }));
  }
  return assembleStepList(encoded);
}

async function bodyOf(
  blobs: BlobStore,
  state: RunState,
  entries: ReadonlyMap<number, LogEntry>,
  place: BodyPlace,
): Promise<Uint8Array> {
  if (!('blob' in place.body)) return inEntry(entries.get(place.version), place);
  return readBlob(blobs, state.runId, place.body.blob);
}
