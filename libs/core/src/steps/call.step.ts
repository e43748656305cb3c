import type { StepKind } from './step-kind';
import { pick } from './step-kind';

/** `context.call`: requested of us, answered through a callback, recorded by the client (protocol.md 8.3). */
export const callStep: StepKind = {
  type: 'Call',
  show: (step) => pick(step, ['callUrl', 'callMethod', 'callBody', 'callHeaders']),
  waitsFor: 'the called service answers',
};
