import { windowCase } from './window.case';

/** How long steps side by side take. */
export const fanOutCase = windowCase({
  name: 'fan-out',
  about:
    'Runs whose steps are all side by side, one run after another. Latency is that of a run in the app: from its first call until it has ' +
    'all results.',
  unit: 'run',
  steps: [100],
  inFlight: [1],
  work: (steps) => ({ steps, isFanOut: true }),
  done: ({ runMs }) => ({ units: runMs.length, latenciesMs: runMs }),
});
