import type { BenchCase } from './case';
import { completeRun } from './complete-run';
import { stepsCase } from './steps.case';

/** How long a step takes when nothing else is to be done. */
export const latencyCase: BenchCase = {
  name: 'latency',
  about: 'Whole runs, one after another. Latency is as in `steps`.',
  unit: 'step',
  steps: 10,
  inFlight: 1,
  turn: completeRun,
  done: (app, turnMs) => stepsCase.done(app, turnMs),
};
