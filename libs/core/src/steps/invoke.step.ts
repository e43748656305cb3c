import type { StepKind } from './step-kind';

/** `context.invoke`: a child run, whose end is the result (protocol.md 8.7). */
export const invokeStep: StepKind = {
  type: 'Invoke',
  show: () => ({}),
  waitsFor: 'the invoked workflow ends',
};
