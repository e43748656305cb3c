import { seedOfThisRun } from '../random';
import { CURRENT } from './build';
import { rollingUpgrade } from './rolling-upgrade';

const seed = seedOfThisRun();

/* Between two versions: `rolling-upgrade.full.e2e.spec.ts`. */
it(`a rolling restart of all services under load is noticed by no client, seed ${seed}`, async () => {
  const result = await rollingUpgrade({ builds: [CURRENT, CURRENT], members: 1, inFlight: 8, runsBetween: 10, seed });
  if (result.violations.length > 0) process.stdout.write(`logs in ${result.folder}\n`);
  expect(result.violations).toEqual([]);
  expect(result.exitCodes).toEqual(Array.from({ length: 5 }, () => 0));
}, 300_000);
