import { seedOfThisRun } from '../random';
import { useArena } from './arena';
import { endRaces } from './end-races';
import { familyRaces } from './family-races';
import { joinOf } from './join-race';
import { runRace } from './race';
import { twinRaces } from './twin-races';
import { waitRaces } from './wait-races';

const seed = seedOfThisRun();

describe(`races, seed ${seed}`, () => {
  const arena = useArena('one');
  it.each([...waitRaces, ...endRaces, ...twinRaces, ...familyRaces, joinOf(100)])(
    '$name',
    async (race) => {
      const startedAt = performance.now();
      const tally = await runRace(arena, race, Number(process.env['RACES'] ?? 50), seed);
      process.stdout.write(
        `${race.name}: ${JSON.stringify([...tally])} ${Math.round(performance.now() - startedAt)} ms\n`,
      );
    },
    120_000,
  );
});
