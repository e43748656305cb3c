import { costs, cpu, latency, perSecond, processCosts, value } from '../figures';
import { measureWhole } from '../measurements/whole';
import type { BenchCase } from './case';

/** Whether a step becomes dearer when there are many before it. */
export const longCase: BenchCase = {
  name: 'long',
  about:
    'One run of many steps, from the first to the last. Latency is as in `steps`; last / first is the median of the last hundred steps by ' +
    'that of the first hundred.',
  unit: 'step',
  steps: [1_000],
  inFlight: [1],
  loadText: ({ steps, inFlight }) => `${steps.toLocaleString('en')} steps a run, ${inFlight} in flight`,
  figures: [
    perSecond('step'),
    { title: 'last / first', of: ({ values: { first = NaN, last = NaN } }) => last / first, isCompared: true },
    value('first', 'first 100 ms'),
    value('last', 'last 100 ms'),
    latency(0.5, 'p50 ms'),
    latency(0.99, 'p99 ms'),
    ...costs('step'),
  ],
  processFigures: processCosts('step'),
  cost: cpu('step'),
  curve: { x: 'step', y: 'ms a step' },
  measure: (stage) => measureWhole(stage, { steps: stage.load.steps }),
};
