import type { Window } from '../work/journal';
import { windowCase } from './window.case';

export const stepsDone = ({ executions, stepMs }: Window) => ({ units: executions, latenciesMs: stepMs });

/** How many steps an engine gets done when it has enough to do. */
export const stepsCase = windowCase({
  name: 'steps',
  about:
    'Whole runs, many in flight. Latency is from one step’s execution in the app to that of the next of its run: its result made ' +
    'durable, and the app called or answered again.',
  unit: 'step',
  steps: [10],
  inFlight: [100],
  done: stepsDone,
});
