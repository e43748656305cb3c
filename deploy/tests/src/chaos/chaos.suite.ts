import type { ChaosOptions } from './chaos';
import { chaos } from './chaos';
import { report } from './report';

/** The figures of a chaos, once it has broken nothing. */
export async function chaosThatBreaksNothing(options: Omit<ChaosOptions, 'say'>): Promise<void> {
  // The users' clients say on the console what they think of it.
  for (const level of ['error', 'warn', 'log'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
  const said: string[] = [];
  const result = await chaos({ ...options, say: (line) => said.push(line) });
  const { runs, deliveries, duplicates, faults, recoveredAfterMs, violations } = result;
  const struck = [...faults.values()].reduce((sum, { count }) => sum + count, 0);
  process.stdout.write(
    `seed ${options.seed}: ${struck} faults, ${runs} runs, ${deliveries} deliveries, ${duplicates} made twice, ` +
      `quiet after ${(recoveredAfterMs / 1_000).toFixed(1)} s\n`,
  );
  if (violations.length > 0) process.stdout.write([...said, ...report(result), ''].join('\n'));
  expect(violations).toEqual([]);
  expect(runs).toBeGreaterThan(5);
  expect(faults.size).toBeGreaterThan(1);
}
