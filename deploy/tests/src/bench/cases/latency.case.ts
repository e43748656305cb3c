import { stepsDone } from './steps.case';
import { windowCase } from './window.case';

/** How long a step takes when nothing else is to be done. */
export const latencyCase = windowCase({
  name: 'latency',
  about: 'Whole runs, one after another. Latency is as in `steps`.',
  unit: 'step',
  steps: [10],
  inFlight: [1],
  done: stepsDone,
});
