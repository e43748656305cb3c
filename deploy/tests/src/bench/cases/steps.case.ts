import type { BenchCase } from './case';
import { completeRun } from './complete-run';

/** How many steps an engine gets done when it has enough to do. */
export const stepsCase: BenchCase = {
  name: 'steps',
  about:
    'Whole runs, many in flight. Latency is from one step’s execution in the app to that of the next of its run: its result made ' +
    'durable, and the app called or answered again.',
  unit: 'step',
  steps: 10,
  inFlight: 100,
  turn: completeRun,
  done: ({ executions, stepMs }) => ({ units: executions, latenciesMs: stepMs }),
};
