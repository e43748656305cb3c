import { processStanding, standing } from '../figures';
import { measureIdle } from '../measurements/idle';
import type { BenchCase } from './case';

/** What it takes to be there. */
export const idleCase: BenchCase = {
  name: 'idle',
  about:
    'No work at all, from ten seconds after the start. Own: without mongod and nats-server. CPU time comes in ticks of 10 ms: a share of a ' +
    'thousandth of a core shows when it is measured for a minute.',
  unit: 'second',
  steps: [0],
  inFlight: [0],
  loadText: ({ seconds }) => `${seconds} s each`,
  figures: standing,
  processFigures: processStanding,
  cost: standing[0]!,
  measure: measureIdle,
};
