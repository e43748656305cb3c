import { costs, cpu, type Figure, latency, processCosts, value } from '../figures';
import { measureDue } from '../measurements/due';
import type { BenchCase } from './case';

const seconds = (name: string, title: string): Figure => ({ ...value(name, title, 1 / 1000), isCompared: true });

/** How soon everything goes on that is due at once. */
export const dueCase: BenchCase = {
  name: 'due',
  about:
    'Runs that all sleep until the same instant, then do one step and end. Fired: from that instant until the last step was executed in ' +
    'the app; committed: until the last end was in the log, as far as the engine tells, or known to the app. Lateness is that of each sleep.',
  unit: 'sleep',
  steps: [1],
  inFlight: [20_000],
  loadText: ({ inFlight }) => `${inFlight.toLocaleString('en')} due at once`,
  figures: [
    seconds('firedMs', 'fired s'),
    seconds('committedMs', 'committed s'),
    latency(0.5, 'late p50 ms'),
    latency(0.99, 'late p99 ms'),
    ...costs('sleep'),
  ],
  processFigures: processCosts('sleep'),
  cost: cpu('sleep'),
  measure: measureDue,
};
