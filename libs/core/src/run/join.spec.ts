import fc from 'fast-check';
import { RunSimulation } from '../testing/run-simulation';

const BRANCHES = 100;
const TIMES = 1_000;

/*
 * A hundred branches whose deliveries, results and reports come in any order, some results twice, some attempts failing after they have
 * submitted (protocol.md 7.7): the run goes on from exactly one delivery, whichever it is. fast-check prints the seed of a failure.
 */
test(`a join of ${BRANCHES} has exactly one continuation, ${TIMES} times`, () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = numbersFrom(seed);
      const world = new RunSimulation([{ kind: 'group', branches: Array.from({ length: BRANCHES }, () => 'run') }]);
      world.scenario.start({ retries: 100, retryDelay: '1000' });
      while (world.open.length > 0) {
        const { open } = world;
        const delivery = open[random(open.length)];
        if (!delivery) continue;
        if (typeof delivery.phase === 'object') world.wake(delivery);
        else if (delivery.phase === 'sent') {
          world.act(delivery);
          if (random(10) === 0) world.repeatSubmission(random(2 * BRANCHES));
          world.scenario.report(delivery.messageId, random(10) === 0 ? { status: 500 } : {});
        }
      }
      const { run } = world.scenario;
      expect([run.status, run.entries.length]).toEqual(['succeeded', 1 + 2 * BRANCHES]);
      expect(world.continuations.get(BRANCHES)?.size).toBe(1);
    }),
    { numRuns: TIMES },
  );
}, 120_000);

/** Park and Miller's minimal standard generator: whole numbers below a limit. */
function numbersFrom(seed: number): (below: number) => number {
  let state = (seed % 2_147_483_646) + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
