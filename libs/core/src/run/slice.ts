import { base64Length } from '../wire/base64';
import type { RunState } from './run.state';

/** What an entry costs in a step list besides its body: names, quotes and its message id. */
const ENTRY_BYTES = 128;

/** About how many bytes the step list that ends in this entry has (protocol.md 7.1), without assembling it. */
export function sliceBytes(state: RunState, entryIndex: number): number {
  const last = state.entries[entryIndex];
  if (!last) return 0;
  return base64Length(last.bytesBefore + last.place.body.sizeBytes) + (entryIndex + 1) * ENTRY_BYTES;
}
