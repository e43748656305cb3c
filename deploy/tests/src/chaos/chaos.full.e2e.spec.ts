import { seedOfThisRun } from '../e2e/random';
import { chaos } from './chaos';

/* Longer, and with as many processes as wanted, by `npm run chaos`. */
const FOR_MS = 60_000;
const seed = seedOfThisRun();

describe(`a minute of chaos, seed ${seed}`, () => {
  it('breaks nothing that anybody was told', async () => {
    // The users' clients say on the console what they think of it.
    for (const level of ['error', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
    const struck: string[] = [];
    const result = await chaos({ seed, forMs: FOR_MS, members: 2, inFlight: 10, say: (line) => struck.push(line) });
    const { runs, deliveries, duplicates, faults, recoveredAfterMs } = result;
    process.stdout.write(
      `seed ${seed}: ${[...faults.values()].reduce((sum, count) => sum + count, 0)} faults, ${runs} runs, ` +
        `${deliveries} deliveries, ${duplicates} made twice, quiet after ${(recoveredAfterMs / 1_000).toFixed(1)} s\n`,
    );
    if (result.violations.length > 0) process.stdout.write(`${struck.join('\n')}\nlogs in ${result.folder}\n`);
    expect(result.violations).toEqual([]);
    expect(runs).toBeGreaterThan(10);
    expect(faults.size).toBeGreaterThan(3);
  }, 900_000);
});
