import type { StepKind } from './step-kind';
import { pick } from './step-kind';

/** `context.waitForEvent`: registered in a mailbox, its result is written by the server (protocol.md 8.4). */
export const waitForEventStep: StepKind = {
  type: 'Wait',
  show: (step) => pick(step, ['waitEventId']),
  waitsFor: 'waits for an event',
};
