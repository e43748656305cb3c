import type {
  BlobStore,
  BodyPlace,
  EntryHead,
  LogEntry,
  Message,
  ReadEntriesAnswer,
  Refused,
  RunState,
} from '@stepwell/core';
import { assembleStepList, encodeStepEntry, message } from '@stepwell/core';
import { inEntry, readBlob } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import { readHistory } from './run.history';

/** What a caller lacks of a run's message log (H5): the entries `from`..`to`, blobs by name. */
export async function readEntries(
  host: PartitionHost,
  request: { readonly runId: string; readonly from: number; readonly to: number },
): Promise<Message<ReadEntriesAnswer | Refused>> {
  const history = await readHistory(host, request.runId);
  if (!history) return message<Refused>({ refused: 'UNKNOWN_RUN' });
  const bodies: Uint8Array[] = [];
  const entries = history.state.entries
    .slice(request.from, request.to + 1)
    .map(({ index, messageId, place }): EntryHead => ({
      index,
      messageId,
      callType: 'step',
      body: reference(history.entries, place, bodies),
    }));
  return message({ entries }, bodies);
}

function reference(entries: ReadonlyMap<number, LogEntry>, place: BodyPlace, bodies: Uint8Array[]): EntryHead['body'] {
  const { body } = place;
  if ('blob' in body) return { blob: { sha256: body.blob, sizeBytes: body.sizeBytes } };
  return { inline: bodies.push(inEntry(entries.get(place.version), place)) - 1 };
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
