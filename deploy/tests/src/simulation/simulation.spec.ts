import { seedOfThisRun } from '../e2e/random';
import { hunt } from './hunt';
import { PLANTED_BUGS } from './planted';
import { playScenario } from './scenario';
import type { ClimateName } from './world/faults';
import { CLIMATES } from './world/faults';

/** Never the same stories twice; what fails is named, and can be had again. */
const seed = seedOfThisRun();
const HUNT_MS = 60_000;

test('the same seed is the same story', async () => {
  const story = () => playScenario({ seed: 7, runs: 30, climate: 'bad' });
  const [first, second, other] = [await story(), await story(), await playScenario({ seed: 8, runs: 30 })];
  expect(second.traceHash).toBe(first.traceHash);
  expect([...second.tally.entries()]).toEqual([...first.tally.entries()]);
  expect(other.traceHash).not.toBe(first.traceHash);
});

test.each(Object.keys(CLIMATES) as ClimateName[])('what is promised holds in weather: %s', async (climate) => {
  const { violations, runs } = await playScenario({ seed, climate });
  expect({ seed, violations }).toEqual({ seed, violations: [] });
  expect(runs).toBeGreaterThan(50);
});

describe('a bug is found that is planted', () => {
  test.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))('%s', async (_name, bug) => {
    const { violation } = await hunt(bug, seed, HUNT_MS);
    expect(violation).toBeDefined();
  });
});
