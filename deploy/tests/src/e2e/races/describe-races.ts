import { readCompletions } from '../completions';
import { seedOfThisRun } from '../random';
import type { Topology } from '../stepwell-under-test';
import { useArena } from './arena';
import { endRaces } from './end-races';
import { familyRaces } from './family-races';
import { joinOf } from './join-race';
import type { HowOften, Race } from './race';
import { runRace } from './race';
import { twinRaces } from './twin-races';
import { waitRaces } from './wait-races';
import { finishing } from './wire-requests';

/** How often an issue of the protocol's races is run before it counts as run: every outcome must have come about by then. */
const OFTEN = 1_000;
const BRANCHES = 100;

export interface Races {
  readonly topology: Topology;
  readonly howOften: HowOften;
  readonly joins: HowOften;
  readonly limitMs: number;
}

/** All races (architecture.md section 4), each with the seed in its name. */
export function describeRaces({ topology, howOften, joins, limitMs }: Races): void {
  const seed = seedOfThisRun();

  describe(`races, ${topology} process(es), seed ${seed}`, () => {
    const arena = useArena(topology);
    const races: [Race, HowOften][] = [...waitRaces, ...endRaces, ...twinRaces, ...familyRaces].map((race) => [
      race,
      howOften,
    ]);

    it.each([...races, [joinOf(BRANCHES), joins] as const].map(([race, often]) => ({ name: race.name, race, often })))(
      '$name',
      async ({ race, often }) => {
        const startedAt = performance.now();
        const tally = await runRace(arena, race, often, seed);
        const total = [...tally.values()].reduce((sum, count) => sum + count, 0);
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        const outcomes = [...tally].map(([outcome, count]) => `${count} ${outcome}`);
        process.stdout.write(`${race.name}: ${total} in ${seconds} s: ${outcomes.join(', ')}\n`);
        if (total >= OFTEN) expect(outcomes.filter((outcome) => outcome.startsWith('0 '))).toEqual([]);
        expect(total).toBeGreaterThan(0);
      },
      limitMs,
    );

    it('have had one end each, as the public stream tells it', async () => {
      const last = arena.run(async (run) => {
        await arena.send(finishing(run.id));
        return undefined;
      });
      await arena.start(last);
      const told = await readCompletions(arena.stepwell.natsUrl, (seen) => seen.has(`${last.id}:completed`));
      const ends = new Map<string, Set<string>>();
      for (const { workflowRunId, outcome } of told.values())
        ends.set(workflowRunId, (ends.get(workflowRunId) ?? new Set()).add(outcome));
      expect([...ends].filter(([, outcomes]) => outcomes.size > 1)).toEqual([]);
      expect(ends.size).toBeGreaterThan(races.length);
    }, 180_000);
  });
}
