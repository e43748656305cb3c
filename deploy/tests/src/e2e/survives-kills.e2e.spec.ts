import { readCompletions } from './completions';
import { seededRandom, seedOfThisRun } from './random';
import type { Topology } from './stepwell-under-test';
import { until } from './until';
import { useWorkflowApp } from './use-workflow-app';
import { onboarding } from './workflows';

/*
 * kill -9 of each process at a random moment in the middle of 200 runs: every run ends right, and no completed step runs again. The
 * judge is the endpoint: a step is completed when its result was seen in a history (workflow-app.ts).
 */
const RUNS = 200;
/** 1 + welcome + wait + callback + call + 3 plans + 3 results. */
const CALLS_A_RUN = 11;
const seed = seedOfThisRun();
const random = seededRandom(seed);

const VICTIMS: Readonly<Record<Topology, readonly string[]>> = {
  one: ['engine', 'mongod', 'everything'],
  five: ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier', 'nats-server', 'mongod'],
};

describe.each(Object.entries(VICTIMS) as [Topology, readonly string[]][])(
  `kill -9 on %s process(es), seed ${seed}`,
  (topology, victims) => {
    const stage = useWorkflowApp(topology, (app) => {
      app.add('onboarding', onboarding);
    });

    it.each(victims)(
      '%s',
      async (victim) => {
        const callsBefore = stage.app.totalCalls;
        const runIds = await stage.app.triggerMany('onboarding', RUNS, { retries: 10, retryDelay: '500' });
        const moment = callsBefore + Math.floor(RUNS * CALLS_A_RUN * (0.05 + 0.75 * random()));
        await until(`${moment} calls were made`, () => stage.app.totalCalls >= moment, 120_000);
        if (victim === 'everything') {
          await stage.stepwell.killAll();
          await stage.stepwell.start();
        } else {
          stage.stepwell.kill(victim);
        }
        const logs = await stage.app.allEnded(runIds, 240_000);
        const wrong = logs.filter(
          (log) =>
            log.workflowState !== 'RUN_SUCCESS' || log.workflowRunResponse !== '"mail:hello,crm:hello,report:hello"',
        );
        expect(wrong).toEqual([]);
        expect(runIds.flatMap((runId) => stage.app.journal(runId).repeated)).toEqual([]);
        const told = await readCompletions(stage.stepwell.natsUrl, (seen) =>
          runIds.every((runId) => seen.has(`${runId}:completed`)),
        );
        expect(runIds.filter((runId) => !told.has(`${runId}:completed`))).toEqual([]);
      },
      420_000,
    );
  },
);
