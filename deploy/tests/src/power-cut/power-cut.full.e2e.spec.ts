import { rmSync } from 'node:fs';
import { seedOfThisRun } from '../e2e/random';
import { forgetfulProgram, testForgetfulFs } from './forgetful-disk';
import type { PowerCutOptions, PowerCutResult } from './power-cut';
import { powerCuts } from './power-cut';

/* More cuts by `npm run power-cut`. */
const seed = seedOfThisRun();
const program = forgetfulProgram();
if ('missing' in program) process.stdout.write(`POWER CUTS ARE SKIPPED, nothing is shown: ${program.missing}\n`);
const path = 'path' in program ? program.path : '';

(path === '' ? describe.skip : describe)(`power cuts, seed ${seed}`, () => {
  const cutPower = async (options: Pick<PowerCutOptions, 'cuts' | 'journaling' | 'patienceMs'>) => {
    const result = await powerCuts({ seed, inFlight: 10, program: path, ...options });
    process.stdout.write(`${told(result)}\n`);
    return result;
  };

  beforeEach(() => {
    // The users' clients say on the console what they think of it.
    for (const level of ['error', 'warn'] as const) jest.spyOn(console, level).mockImplementation(() => undefined);
  });

  it('are of a disk that forgets what it should and nothing else', () => {
    expect(testForgetfulFs()).toBeUndefined();
  }, 400_000);

  it('lose nothing that was acknowledged', async () => {
    const { violations, cuts, runs } = await cutPower({ cuts: 4, journaling: true });
    expect(violations).toEqual([]);
    expect(cuts.every(({ loss }) => loss.pages > 0)).toBe(true);
    expect(runs).toBeGreaterThan(10);
  }, 900_000);

  it('lose acknowledged runs when there is no journal, and are seen to', async () => {
    const { violations, folder } = await cutPower({ cuts: 1, journaling: false, patienceMs: 20_000 });
    expect(violations).toContainEqual(expect.stringContaining('was acknowledged and is unknown'));
    rmSync(folder, { recursive: true });
  }, 400_000);
});

function told({ runs, arrivals, duplicates, cuts, violations, folder }: PowerCutResult): string {
  const forgotten = cuts.reduce((sum, { loss }) => sum + loss.pages, 0);
  return (
    `seed ${seed}: ${cuts.length} power cuts, ${forgotten} pages forgotten, ${runs} runs, ${arrivals.length} deliveries, ` +
    `${duplicates} made twice, ${violations.length} violations${violations.length > 0 ? `, logs in ${folder}` : ''}`
  );
}
