import { stepsDone } from './steps.case';
import { windowCase } from './window.case';

const BYTES = 5_000_000;

/** Steps with large results. */
export const payloadCase = windowCase({
  name: 'payload',
  about: 'Whole runs, one after another, each of whose steps has a result of 5 MB. Latency is as in `steps`.',
  unit: 'step',
  steps: [3],
  inFlight: [1],
  work: (steps) => ({ steps, bytes: BYTES }),
  done: stepsDone,
});
