import { describeRaces } from './describe-races';

/* As often as fits into the time that every change has for it; a thousand times each in races.full.e2e.spec.ts. */
describeRaces({
  topology: 'one',
  howOften: { times: 1_000, withinMs: 1_500 },
  joins: { times: 1_000, withinMs: 8_000 },
  limitMs: 240_000,
});
describeRaces({ topology: 'five', howOften: { times: 50 }, joins: { times: 5 }, limitMs: 240_000 });
