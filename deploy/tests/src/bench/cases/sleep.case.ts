import { costs, latency, perSecond, value } from '../figures';
import { windowCase } from './window.case';

/** How late sleeps end when little else is to be done. */
export const sleepCase = windowCase({
  name: 'sleep',
  about:
    'Runs that sleep for a second before their only step. Lateness is that step’s execution less the time at which the app was asked to ' +
    'go to sleep and that second: what it takes to record the sleep is in it. A sleep that ends early fails the sitting.',
  unit: 'sleep',
  steps: [1],
  inFlight: [20],
  figures: [
    perSecond('sleep'),
    latency(0.5, 'late p50 ms'),
    latency(0.99, 'late p99 ms'),
    latency(1, 'late max ms'),
    ...costs('sleep'),
    { ...value('open', 'open'), isCount: true },
  ],
  work: () => ({ steps: 1, sleep: { forS: 1 } }),
  done: ({ lateMs }) => ({ units: lateMs.length, latenciesMs: lateMs }),
});
