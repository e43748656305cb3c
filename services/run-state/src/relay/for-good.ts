import { BodyMissing } from '../bodies/body.reader';
import { UnreadableStream } from '../partition/stream';

/** The folded state lacks what the effect is about: a fault of ours, and the same whenever it is tried. */
export class IncompleteState extends Error {
  readonly code = 'INCOMPLETE_STATE';
  override readonly name = 'IncompleteState';
}

/** Whoever was asked said no, and will say so again. */
export class RefusedForGood extends Error {
  readonly code = 'REFUSED';
  override readonly name = 'RefusedForGood';
}

/** An effect that trying again won't get done: it stays unsettled, a hole in the checkpoint, looked at again at the next take-over. */
export function isForGood(error: unknown): boolean {
  return (
    error instanceof BodyMissing ||
    error instanceof IncompleteState ||
    error instanceof UnreadableStream ||
    error instanceof RefusedForGood
  );
}
