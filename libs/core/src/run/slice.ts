import { stepListLength } from '../wire/step-entry';
import type { RunState } from './run.state';

/** How many bytes the step list has that ends in this entry (protocol.md 7.1), without assembling it. */
export function sliceBytes(state: RunState, entryIndex: number): number {
  const last = state.entries[entryIndex];
  return last ? stepListLength([last.listBytes]) + entryIndex : 0;
}
