import type { StepKind } from './step-kind';

/** `context.notify`: two requests of the client, the notify and the step (protocol.md 8.1). */
export const notifyStep: StepKind = {
  type: 'Notify',
  show: () => ({}),
  waitsFor: 'the endpoint notifies',
};
