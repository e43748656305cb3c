import type { StepKind } from './step-kind';

/** A function of the user's, run inside one delivery (protocol.md 8.1). */
export const runStep: StepKind = {
  type: 'Run',
  show: () => ({}),
  waitsFor: 'the endpoint runs the step',
};
