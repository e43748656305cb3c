import { stepsDone } from './steps.case';
import { windowCase } from './window.case';

/** What a step costs in a crowd. */
export const inFlightCase = windowCase({
  name: 'in-flight',
  about: 'As `steps`, with more and more runs in flight.',
  unit: 'step',
  steps: [10],
  inFlight: [1, 10, 100, 1_000, 10_000],
  done: stepsDone,
});
