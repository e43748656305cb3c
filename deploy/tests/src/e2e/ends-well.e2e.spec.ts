import { TOPOLOGIES } from './stepwell-under-test';
import { until } from './until';
import { useWorkflowApp } from './use-workflow-app';
import type { WorkflowApp } from './workflow-app';
import { calling, flaky, onboarding, parallel, sequential, sleeping } from './workflows';

/* The main job, with the unmodified official client 1.3.3: exact counts, exact results (protocol.md 7.9). */
describe.each(TOPOLOGIES)('workflows on %s process(es)', (topology) => {
  const stage = useWorkflowApp(topology, (app) => {
    app.add('sequential', sequential(5));
    app.add('sleeping', sleeping);
    app.add('calling', calling);
    app.add('onboarding', onboarding);
    app.add('flaky', flaky);
    for (const branches of [2, 10, 100]) app.add(`parallel-${branches}`, parallel(branches));
  });

  it('runs five steps in six calls, each once', async () => {
    const runId = await stage.app.trigger('sequential');
    const log = await stage.app.ended(runId);
    expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '15' });
    expect(stage.app.journal(runId).calls).toBe(6);
    expect([...stage.app.journal(runId).executions.values()]).toEqual([1, 1, 1, 1, 1]);
  });

  it('sleeps no less than it was told, in five calls', async () => {
    const runId = await stage.app.trigger('sleeping');
    const log = await stage.app.ended(runId);
    expect(log.workflowState).toBe('RUN_SUCCESS');
    const { sleptMs } = JSON.parse(log.workflowRunResponse ?? '{}') as { sleptMs: number };
    expect(sleptMs).toBeGreaterThanOrEqual(1_000);
    expect(stage.app.journal(runId).calls).toBe(5);
  });

  it('calls a third party for the run, once', async () => {
    const runId = await stage.app.trigger('calling');
    const log = await stage.app.ended(runId);
    expect(log.workflowState).toBe('RUN_SUCCESS');
    expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({
      status: 200,
      body: { echo: { question: 'größer als 7?' } },
    });
    expect(stage.app.journal(runId)).toMatchObject({ calls: 4, thirdParty: 1 });
  });

  it.each([2, 10, 100])(
    'joins %i branches in 1 + k + k calls',
    async (branches) => {
      const runId = await stage.app.trigger(`parallel-${branches}`);
      const log = await stage.app.ended(runId, 120_000);
      expect(log).toMatchObject({
        workflowState: 'RUN_SUCCESS',
        workflowRunResponse: String((branches * (branches - 1)) / 2),
      });
      // The results that are answered with "discard" may still be under way when the run ends.
      await until('every result was delivered', () => stage.app.journal(runId).calls >= 1 + branches + branches);
      await stage.app.ended(await stage.app.trigger('sequential'));
      expect(stage.app.journal(runId).calls).toBe(1 + branches + branches);
      expect([...stage.app.journal(runId).executions.values()]).toEqual(Array.from({ length: branches }, () => 1));
    },
    150_000,
  );

  it('retries what fails and then goes on', async () => {
    const runId = await stage.app.trigger('flaky', { input: 2, retries: 3, retryDelay: '200' });
    const log = await stage.app.ended(runId);
    expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '2' });
    expect(stage.app.journal(runId).retried).toEqual([0, 1, 2, 0]);
  });

  it('fails for good when the retries are used up, and calls the failure function once', async () => {
    const runId = await stage.app.trigger('flaky', { input: 9, retries: 1, retryDelay: '100' });
    const log = await stage.app.ended(runId);
    expect(log.workflowState).toBe('RUN_FAILED');
    await untilFailureFunction(stage.app, runId);
    expect(stage.app.journal(runId).executions.get('flaky')).toBe(2);
    expect(stage.app.journal(runId).failureFunction).toMatchObject({
      failStatus: 500,
      failResponse: 'attempt 1 fails',
    });
    expect(await stage.app.log(runId)).toMatchObject({ failureFunction: { state: 'CALLBACK_SUCCESS' } });
  });

  it('runs the onboarding of the seeds', async () => {
    const runId = await stage.app.trigger('onboarding');
    const log = await stage.app.ended(runId);
    expect(log).toMatchObject({
      workflowState: 'RUN_SUCCESS',
      workflowRunResponse: '"mail:hello,crm:hello,report:hello"',
    });
    expect(stage.app.journal(runId).calls).toBe(1 + 1 + 1 + 1 + 1 + 3 + 3);
  });
});

async function untilFailureFunction(app: WorkflowApp, runId: string): Promise<void> {
  await until('the failure callback has ended', async () => {
    const log = await app.log(runId);
    return log?.failureFunction?.state === 'CALLBACK_SUCCESS';
  });
}
