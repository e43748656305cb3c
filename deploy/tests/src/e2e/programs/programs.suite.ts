import fc from 'fast-check';
import { useBench } from '../conformance/bench';
import { seedOfThisRun } from '../random';
import type { Topology } from '../stepwell-under-test';
import { until } from '../until';
import { interpret } from './interpreter';
import type { Program } from './program';
import { named, program, RETRIES } from './program';
import { eventOf, RETRY_DELAY, workflowOf } from './program-workflow';

const AT_A_TIME = 10;

/* Random programs through the real client and the real engine come to what the reference says (interpreter.ts). */
export function programs(topology: Topology, count: number): void {
  describe(`random programs on ${topology} process(es)`, () => {
    const bench = useBench(topology);
    const seed = seedOfThisRun();

    it(
      `${count} of them do what the reference does (STEPWELL_TEST_SEED=${seed})`,
      async () => {
        const all = fc.sample(program, { seed, numRuns: count });
        for (let from = 0; from < count; from += AT_A_TIME)
          await Promise.all(
            all.slice(from, from + AT_A_TIME).map((each, index) => compare(each, `program-${from + index}`)),
          );
      },
      60_000 + count * 4_000,
    );

    async function compare(each: Program, name: string): Promise<void> {
      const runId = await bench.app.begin(workflowOf(each, name, bench), {
        retries: RETRIES,
        retryDelay: RETRY_DELAY,
        runId: name,
      });
      const { app } = bench;
      await tell(each, runId);
      const log = await app.ended(runId, 90_000);
      const expected = interpret(each);
      const journal = app.journal(runId);
      if (each.doomed) await until(`${name} was called back`, () => journal.failureFunction !== undefined);
      await until('called', () => journal.calls >= expected.calls, 10_000).catch(() => undefined);
      const sequential = new Set(expected.order);
      expect({
        program: each,
        state: log.workflowState,
        ...(log.workflowRunResponse === undefined ? {} : { result: JSON.parse(log.workflowRunResponse) as unknown }),
        calls: journal.calls,
        executions: Object.fromEntries(journal.executions),
        asked: Object.fromEntries(
          named(each.stages).flatMap(([step]) => {
            const asked = bench.thirdParty.seen(`/${name}/${step}`).length;
            return asked === 0 ? [] : [[step, asked]];
          }),
        ),
        order: journal.order.filter((step) => sequential.has(step)),
      }).toEqual({ program: each, ...expected });
      expect(journal.repeated).toEqual([]);
    }

    /** Events are told before their waits, or as soon as the run waits. */
    async function tell(each: Program, runId: string): Promise<void> {
      const { client } = bench.app;
      const waits = named(each.stages).flatMap(([step, wait]) => (wait.kind === 'wait' ? [{ step, wait }] : []));
      const event = (step: string) => ({ eventId: eventOf(runId, step), workflowRunId: runId });
      for (const { step, wait } of waits)
        if (wait.told === 'early') await client.notify({ ...event(step), eventData: wait.value });
      const late = waits.filter(({ wait }) => wait.told === 'late');
      await Promise.all(
        late.map(async ({ step, wait }) => {
          const { eventId } = event(step);
          await until(
            `${eventId} is waited for`,
            async () => (await client.getWaiters({ eventId })).length === 1,
            90_000,
          );
          // To whoever waits, not to this run by name: the other way in.
          await client.notify({ eventId, eventData: wait.value });
        }),
      );
    }
  });
}
