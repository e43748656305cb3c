import { seedOfThisRun } from '../e2e/random';
import { chaosThatBreaksNothing } from './chaos.suite';

/*
 * A minute and a half of chaos for every change: one process of each service under a seed that stays, and two under a new one. More of it
 * by chaos.full.e2e.spec.ts, and as much as wanted by `npm run chaos`.
 */
const FOR_MS = 45_000;
const LIMIT_MS = 600_000;
const SMALL = { faults: 'all', forMs: FOR_MS, inFlight: 8, replicas: 1 } as const;

it(
  'three quarters of a minute of chaos on one process of each service breaks nothing that anybody was told',
  async () => {
    await chaosThatBreaksNothing({ ...SMALL, seed: 1, members: 1 });
  },
  LIMIT_MS,
);

const seed = seedOfThisRun();
it(
  `nor does it on two processes, STEPWELL_TEST_SEED=${seed}`,
  async () => {
    await chaosThatBreaksNothing({ ...SMALL, seed, members: 2 });
  },
  LIMIT_MS,
);
