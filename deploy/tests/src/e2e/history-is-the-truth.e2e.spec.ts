import { forgetAllButTheLog } from './forget-all-but-the-log';
import { DEV, TOPOLOGIES } from './stepwell-under-test';
import { until } from './until';
import { useWorkflowApp } from './use-workflow-app';
import type { WorkflowApp } from './workflow-app';
import { calling, flaky, large, parallel, sequential, sleepingFor } from './workflows';

const DAY_S = 86_400;
/** Long enough for a stop and a start on a busy machine to fall into it, most times; too late is no failure, early is. */
const NAP_S = 15;
const STATES = ['RUN_STARTED', 'RUN_SUCCESS', 'RUN_FAILED', 'RUN_CANCELED'] as const;

/* A run's history is the fold of its events: whoever forgets all else gives the same answers (architecture.md L6, L9, E2, T1). */
describe.each(TOPOLOGIES)('the log alone, %s process(es)', (topology) => {
  const stage = useWorkflowApp(topology, (app) => {
    app.add('sequential', sequential(5));
    app.add('parallel', parallel(10));
    app.add('calling', calling);
    app.add('large', large);
    app.add('flaky', flaky);
    app.add('sleeping', sleepingFor);
  });

  it('answers the same without rows, checkpoints, timers, members and NATS, and wakes who sleeps', async () => {
    const runs = await everyKindOfRun(stage.app);
    const napping = await stage.app.trigger('sleeping', { input: NAP_S });
    await until('it sleeps', async () => (await stepTypesOf(stage.app, napping)).includes('SleepFor'));
    const before = await allAnswers(stage.stepwell.url, stage.app, runs);
    const calls = callsOf(stage.app, runs);

    await stage.stepwell.stop();
    const gone = await forgetAllButTheLog(stage.stepwell.dataDir);
    await stage.stepwell.start();

    expect(gone).toMatchObject({ run_rows: expect.any(Number) as number, checkpoints: expect.any(Number) as number });
    // Two sleepers, one that starts tomorrow, one that is tried again tomorrow: had they been no timers, nothing were shown.
    expect(gone['timers']).toBeGreaterThanOrEqual(4);
    expect(gone['run_rows']).toBeGreaterThan(runs.length);
    expect(await allAnswers(stage.stepwell.url, stage.app, runs)).toEqual(before);
    const log = await stage.app.ended(napping);
    const { sleptMs } = JSON.parse(log.workflowRunResponse ?? '{}') as { sleptMs: number };
    expect([log.workflowState, sleptMs >= NAP_S * 1_000]).toEqual(['RUN_SUCCESS', true]);
    expect(stage.app.journal(napping).repeated).toEqual([]);
    // Nothing that is done was done again: no delivery, no call, no failure function.
    expect(callsOf(stage.app, runs)).toEqual(calls);
  }, 240_000);
});

/** One run in each state that a run can be in for long. */
async function everyKindOfRun(app: WorkflowApp): Promise<string[]> {
  const ended = [
    await app.trigger('sequential', { label: 'kept' }),
    await app.trigger('parallel', { label: 'kept' }),
    await app.trigger('calling'),
    await app.trigger('large', { input: 400_000 }),
    await app.trigger('flaky', { input: 9, retries: 1, retryDelay: '100' }),
  ];
  const [cancelled, sleeping, tomorrow, triedAgain] = await Promise.all([
    app.trigger('sleeping', { input: DAY_S }),
    app.trigger('sleeping', { input: DAY_S, label: 'kept' }),
    app.trigger('sequential', { delay: DAY_S }),
    app.trigger('flaky', { input: 9, retries: 3, retryDelay: String(DAY_S * 1_000) }),
  ]);
  for (const runId of ended) await app.ended(runId);
  for (const runId of [cancelled, sleeping])
    await until('it sleeps', async () => (await stepTypesOf(app, runId)).includes('SleepFor'));
  await app.client.cancel(cancelled);
  await until('the failure function was called', async () => {
    const log = await app.log(ended.at(-1) ?? '');
    return log?.failureFunction?.state === 'CALLBACK_SUCCESS';
  });
  await until('the flaky one has failed once', () => app.journal(triedAgain).calls === 1);
  await until('its next attempt is planned', async () =>
    JSON.stringify(await app.log(triedAgain)).includes('STEP_RETRY'),
  );
  return [...ended, cancelled, sleeping, tomorrow, triedAgain];
}

async function stepTypesOf(app: WorkflowApp, runId: string): Promise<string[]> {
  const log = await app.log(runId);
  return (log?.steps ?? []).flatMap((group) => group.steps.map((step) => ('stepType' in step ? step.stepType : '')));
}

/** What the API says of these runs, in every way it can be asked. */
async function allAnswers(url: string, app: WorkflowApp, runIds: readonly string[]) {
  const ours = (runs: readonly { workflowRunId: string }[]) =>
    runs.filter(({ workflowRunId }) => runIds.includes(workflowRunId));
  const listed: { workflowRunId: string }[] = [];
  for (let cursor: string | undefined; cursor !== '';) {
    const page: Awaited<ReturnType<typeof app.client.logs>> = await app.client.logs({
      count: 4,
      ...(cursor === undefined ? {} : { cursor }),
    });
    listed.push(...page.runs);
    ({ cursor = '' } = page);
  }
  const byState = await Promise.all(
    STATES.map(async (state) => ours((await app.client.logs({ filter: { state } })).runs)),
  );
  const byLabel = await app.client.logs({ filter: { label: 'kept' } });
  const byUrl = await app.client.logs({ filter: { workflowUrl: `${app.url}/flaky` } });
  const steps = await Promise.all(
    runIds.map(async (runId) => {
      const answer = await fetch(`${url}/v2/workflows/runs/${runId}`, {
        headers: { authorization: `Bearer ${DEV.token}` },
      });
      return [answer.status, await answer.text()];
    }),
  );
  const each = await Promise.all(runIds.map((runId) => app.log(runId)));
  return { each, listed: ours(listed), byState, byLabel: byLabel.runs, byUrl: byUrl.runs, steps };
}

function callsOf(app: WorkflowApp, runIds: readonly string[]) {
  return runIds.map((runId) => {
    const { calls, thirdParty, executions } = app.journal(runId);
    return { calls, thirdParty, executions: [...executions] };
  });
}
