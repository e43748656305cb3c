import { seedOfThisRun } from '../e2e/random';
import { chaosThatBreaksNothing } from './chaos.suite';

/* Longer, and with as many processes as wanted, by `npm run chaos`. */
const FOR_MS = 60_000;
const LIMIT_MS = 900_000;
const seed = seedOfThisRun();

describe(`chaos, STEPWELL_TEST_SEED=${seed}`, () => {
  const options = { faults: 'all', seed, forMs: FOR_MS, members: 2, inFlight: 10 } as const;

  it(
    'of a minute breaks nothing that anybody was told',
    () => chaosThatBreaksNothing({ ...options, replicas: 1 }),
    LIMIT_MS,
  );

  it('nor of a minute on a replica set of three', () => chaosThatBreaksNothing({ ...options, replicas: 3 }), LIMIT_MS);

  it(
    'nor do fifty kills',
    () => chaosThatBreaksNothing({ ...options, faults: 'kills', count: 50, forMs: LIMIT_MS / 3, replicas: 1 }),
    LIMIT_MS,
  );

  it(
    'nor ten losses of what NATS knew',
    () => chaosThatBreaksNothing({ ...options, faults: 'wipes', count: 10, forMs: LIMIT_MS / 3, replicas: 1 }),
    LIMIT_MS,
  );
});
