import type { StepKind } from './step-kind';
import { pick } from './step-kind';

/** `context.call`: requested of us, answered through a callback, recorded by the client (protocol.md 8.3). */
export const callStep: StepKind = {
  type: 'Call',
  // Body and headers are shown from the request itself, where what the user wants redacted is known.
  show: (step) => pick(step, ['callUrl', 'callMethod']),
  waitsFor: 'the called service answers',
};
