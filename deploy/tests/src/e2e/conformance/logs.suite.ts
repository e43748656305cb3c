import { randomUUID } from 'node:crypto';
import { until } from '../until';
import type { TriggerOptions, Workflow } from '../workflow-app';
import type { Bench } from './bench';

type Group = Readonly<{ type: string; steps: readonly Readonly<Record<string, unknown>>[] }>;

/* What people see of runs (protocol.md section 11), in every state a run can be in. */
export function logs(bench: Bench): void {
  const groupsOf = async (runId: string): Promise<readonly Group[]> => (await bench.app.log(runId))?.steps ?? [];
  const ofType = (groups: readonly Group[], type: string): readonly Group[] =>
    groups.filter((group) => group.type === type);

  describe('the log of a run', () => {
    it('that has finished shows its steps, what they were and what became of them', async () => {
      const before = Date.now();
      const { runId, log, journal } = await bench.runs(
        async (context) => {
          await context.run('run', () => ({ a: 'ü' }));
          await context.sleep('sleep', 1);
          const soon = Math.floor(Date.now() / 1_000);
          await context.sleepUntil('sleep-until', soon);
          await context.call('call', {
            url: `${bench.thirdParty.url}/logged`,
            method: 'POST',
            body: 'asked',
            headers: { 'x-asked': 'yes' },
          });
          return 'done';
        },
        { body: 'payload', headers: { 'x-mine': 'yes' }, retries: 2, retryDelay: '1000' },
      );
      const { deliveries } = journal;
      const idOf = (call: number): unknown => deliveries[call]?.headers['upstash-message-id'];
      expect(log).toMatchObject({
        workflowRunId: runId,
        workflowUrl: expect.stringContaining(bench.app.url),
        workflowState: 'RUN_SUCCESS',
        workflowRunResponse: '"done"',
      });
      expect(log.workflowRunCreatedAt).toBeGreaterThanOrEqual(before - 1_000);
      expect(log.workflowRunCompletedAt).toBeGreaterThanOrEqual(log.workflowRunCreatedAt);
      const groups = await groupsOf(runId);
      expect(groups.map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => 'sequential'));
      expect(groups.map(({ steps }) => steps[0])).toMatchObject([
        {
          stepName: 'init',
          stepType: 'Initial',
          callType: 'step',
          messageId: idOf(0),
          out: 'payload',
          concurrent: 1,
          state: 'STEP_SUCCESS',
          createdAt: log.workflowRunCreatedAt,
          headers: { 'X-Mine': ['yes'] },
        },
        {
          stepId: 1,
          stepName: 'run',
          stepType: 'Run',
          messageId: idOf(1),
          out: '{"a":"ü"}',
          concurrent: 1,
          state: 'STEP_SUCCESS',
        },
        { stepId: 2, stepName: 'sleep', stepType: 'SleepFor', messageId: idOf(2), sleepFor: 1, state: 'STEP_SUCCESS' },
        {
          stepId: 3,
          stepName: 'sleep-until',
          stepType: 'SleepUntil',
          sleepUntil: expect.any(Number),
          state: 'STEP_SUCCESS',
        },
        {
          stepId: 4,
          stepName: 'call',
          stepType: 'Call',
          state: 'STEP_SUCCESS',
          callUrl: `${bench.thirdParty.url}/logged`,
          callMethod: 'POST',
          callBody: 'asked',
          callHeaders: expect.objectContaining({ 'X-Asked': ['yes'] }),
          callResponseStatus: 200,
          callResponseBody: expect.stringContaining('asked'),
          callResponseHeaders: expect.objectContaining({ 'Content-Type': ['application/json'] }),
        },
      ]);
      expect(groups[0]?.steps[0]).not.toHaveProperty('stepId');
    });

    it('shows waits, notices and webhooks', async () => {
      const [event, never] = [randomUUID(), randomUUID()];
      const runId = await bench.app.begin(async (context) => {
        await context.waitForEvent('event', event, { timeout: '90s' });
        await context.waitForEvent('never', never, { timeout: 1 });
        await context.notify('notify', randomUUID(), 'x');
        const webhook = await context.createWebhook('create');
        await context.waitForWebhook('webhook', webhook, '1s');
      });
      await until('it waits', async () => (await bench.app.client.getWaiters({ eventId: event })).length === 1);
      const now = Math.floor(Date.now() / 1_000);
      expect((await groupsOf(runId)).at(-1)).toMatchObject({
        type: 'sequential',
        steps: [
          {
            stepName: 'event',
            stepType: 'Wait',
            state: 'STEP_PROGRESS',
            waitEventId: event,
            waitTimeoutDuration: '90s',
          },
        ],
      });
      await bench.app.client.notify({ eventId: event, eventData: { hello: 'you' } });
      await bench.app.ended(runId);
      const steps = (await groupsOf(runId)).map((group) => group.steps[0]);
      expect(steps).toMatchObject([
        { stepName: 'init' },
        { stepId: 1, stepType: 'Wait', state: 'STEP_SUCCESS', waitEventId: event, waitTimeoutDuration: '90s' },
        { stepId: 2, stepType: 'Wait', waitEventId: never, waitTimeout: true, state: 'STEP_SUCCESS' },
        { stepId: 3, stepType: 'Notify' },
        { stepId: 4, stepType: 'CreateWebhook' },
        { stepId: 5, stepType: 'WaitForWebhook', waitTimeout: true },
      ]);
      const deadline = Number(steps[1]?.['waitTimeoutDeadline']);
      // Unix seconds, ninety from when it began to wait.
      expect(deadline).toBeGreaterThan(now);
      expect(deadline).toBeLessThanOrEqual(now + 91);
    });

    it('shows a child to its parent and the parent to its child', async () => {
      const child = bench.app.library.createWorkflow<unknown, unknown>(async (context) => context.run('one', () => 1));
      const parent = bench.app.library.createWorkflow<unknown, unknown>(async (context) =>
        context.invoke('invoke', { workflow: child, body: 'to the child', headers: { 'x-child': 'yes' } }),
      );
      bench.app.addMany('logged-family', { parent, child });
      const runId = await bench.app.trigger('logged-family/parent');
      const log = await bench.app.ended(runId);
      const step = (await groupsOf(runId))[1]?.steps[0];
      expect(step).toMatchObject({
        stepType: 'Invoke',
        state: 'STEP_SUCCESS',
        invokedWorkflowRunId: expect.stringMatching(/^wfr_/),
        invokedWorkflowUrl: `${bench.app.url}/logged-family/child`,
        invokedWorkflowCreatedAt: expect.any(Number),
        invokedWorkflowRunBody: 'to the child',
        invokedWorkflowRunHeaders: expect.objectContaining({ 'X-Child': ['yes'] }),
      });
      expect((await bench.app.log(String(step?.['invokedWorkflowRunId'])))?.invoker).toEqual({
        workflowRunId: runId,
        workflowUrl: `${bench.app.url}/logged-family/parent`,
        workflowRunCreatedAt: log.workflowRunCreatedAt,
      });
    });

    it('that sleeps shows the sleep in progress', async () => {
      const runId = await bench.app.begin(async (context) => context.sleep('long', '1h'));
      await until('it sleeps', async () => (await groupsOf(runId)).at(-1)?.steps[0]?.['stepType'] === 'SleepFor');
      expect(await bench.app.log(runId)).toMatchObject({
        workflowState: 'RUN_STARTED',
        steps: [
          { type: 'sequential' },
          { steps: [{ stepName: 'long', stepType: 'SleepFor', state: 'STEP_PROGRESS' }] },
        ],
      });
      expect(await bench.app.log(runId)).not.toHaveProperty('workflowRunCompletedAt');
      await bench.app.client.cancel(runId);
      expect(await bench.app.log(runId)).toMatchObject({ workflowState: 'RUN_CANCELED' });
    });

    it('whose step runs shows what is being delivered', async () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((done) => {
        release = done;
      });
      const runId = await bench.app.begin(async (context) => context.run('held', () => held));
      await until('the step runs', () => bench.app.journal(runId).calls === 1);
      expect(ofType(await groupsOf(runId), 'next')).toMatchObject([
        {
          steps: [
            {
              messageId: bench.app.journal(runId).deliveries[0]?.headers['upstash-message-id'],
              state: 'STEP_PROGRESS',
            },
          ],
        },
      ]);
      release();
      await bench.app.ended(runId);
      expect(ofType(await groupsOf(runId), 'next')).toEqual([]);
    });

    it('that is tried again shows when, and what went wrong', async () => {
      const before = Date.now();
      const runId = await bench.app.begin(
        async (context) =>
          context.run('fails', () => {
            throw new Error('by intention');
          }),
        { retries: 3, retryDelay: '60000' },
      );
      await until('it failed once', async () => JSON.stringify(await groupsOf(runId)).includes('by intention'));
      const [next] = ofType(await groupsOf(runId), 'next');
      expect(next?.steps).toMatchObject([
        {
          state: 'STEP_RETRY',
          retries: expect.any(Number),
          errors: [
            {
              status: 500,
              body: expect.stringContaining('by intention'),
              headers: expect.objectContaining({ 'Upstash-Workflow-Sdk-Version': ['1'] }),
              time: expect.any(Number),
            },
          ],
        },
      ]);
      // The newest client tells the step that failed.
      expect(next?.steps[0]?.['stepName']).toBe('fails');
      const due = Number(next?.steps[0]?.['nextDeliveryTime']);
      expect(due).toBeGreaterThanOrEqual(before + 59_000);
      expect(due).toBeLessThan(Date.now() + 61_000);
      await bench.app.client.cancel(runId);
    });

    it('that has failed shows every error, the failure callback and the dead letter', async () => {
      const runId = await bench.app.begin(
        async (context) =>
          context.run('fails', () => {
            throw new Error('by intention');
          }),
        { retries: 1, retryDelay: '50' },
      );
      await bench.app.ended(runId);
      await until(
        'the callback is done',
        async () => (await bench.app.log(runId))?.failureFunction?.state === 'CALLBACK_SUCCESS',
      );
      const log = await bench.app.log(runId);
      expect(log?.steps.at(-1)).toMatchObject({
        type: 'next',
        steps: [{ state: 'STEP_FAILED', errors: [{ status: 500 }, { status: 500 }] }],
      });
      expect(log).toMatchObject({
        workflowState: 'RUN_FAILED',
        dlqId: expect.any(String),
        failureFunction: {
          messageId: bench.app.journal(runId).deliveries.at(-1)?.headers['upstash-message-id'],
          url: expect.stringContaining(bench.app.url),
          state: 'CALLBACK_SUCCESS',
          failStatus: 500,
          failHeaders: expect.objectContaining({ 'Upstash-Workflow-Sdk-Version': ['1'] }),
          failResponse: expect.stringContaining('by intention'),
          dlqId: log?.dlqId,
          responseStatus: 200,
        },
      });
    });

    it('shows a parallel group as one, also while some branches are under way, and when one has failed', async () => {
      const group =
        (fails: boolean): Workflow =>
        async (context) => {
          await Promise.all([
            context.run('left', () => 'l'),
            context.sleep('right', fails ? '1h' : 2),
            context.run('middle', () => {
              if (fails) throw new Error('the middle fails');
              return 'm';
            }),
          ]);
        };
      const runId = await bench.app.begin(group(false));
      await until('two branches are done', () => bench.app.journal(runId).calls >= 5);
      const [running] = ofType(await groupsOf(runId), 'parallel');
      expect(running?.steps).toHaveLength(3);
      expect(running?.steps.find(({ stepName }) => stepName === 'right')).toMatchObject({ state: 'STEP_PROGRESS' });
      expect(running?.steps.find(({ stepName }) => stepName === 'left')).toMatchObject({
        stepId: 1,
        out: '"l"',
        concurrent: 3,
      });
      await bench.app.ended(runId);
      expect(ofType(await groupsOf(runId), 'parallel').map(({ steps }) => steps.map(({ state }) => state))).toEqual([
        ['STEP_SUCCESS', 'STEP_SUCCESS', 'STEP_SUCCESS'],
      ]);

      const failing = await bench.app.begin(group(true), { retries: 0 });
      await bench.app.ended(failing);
      const [failed] = ofType(await groupsOf(failing), 'parallel');
      expect(failed?.steps).toHaveLength(3);
      expect(failed?.steps.find(({ stepName }) => stepName === 'middle')).toMatchObject({
        state: 'STEP_FAILED',
        errors: [{ body: expect.stringContaining('the middle fails') }],
      });
    });
  });

  describe('a list of runs', () => {
    const one: Workflow = async (context) => context.run('one', () => 1);
    const label = `listed-${randomUUID()}`;
    const started: string[] = [];
    let route = '';
    beforeAll(async () => {
      route = bench.app.addOnce(one);
      for (let run = 0; run < 5; run += 1) {
        const options: TriggerOptions = {
          label: run === 2 ? [label, 'special'] : label,
          flowControl: { key: label, rate: 50 },
        };
        started.push(await bench.app.trigger(route, options));
        await bench.app.ended(started.at(-1) ?? '');
      }
      await until('all are listed', async () => (await ids({ label })).length === 5);
    }, 60_000);
    const ids = async (filter: object): Promise<string[]> =>
      (await bench.app.client.logs({ filter })).runs.map(({ workflowRunId }) => workflowRunId);

    it('has the newest first', async () => {
      expect(await ids({ label })).toEqual([...started].reverse());
    });

    it('is walked through by its cursor, each run once', async () => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = await bench.app.client.logs({ count: 2, filter: { label }, ...(cursor === '' ? {} : { cursor }) });
        expect(page.runs.length).toBeLessThanOrEqual(2);
        seen.push(...page.runs.map(({ workflowRunId }) => workflowRunId));
        // Absent or empty: both mean the end.
        cursor = (page as { cursor?: string }).cursor ?? '';
      } while (cursor !== '');
      expect(seen).toEqual([...started].reverse());
    });

    it('is filtered by everything a run has', async () => {
      const special = started[2] ?? '';
      const log = await bench.app.log(special);
      const at = log?.workflowRunCreatedAt ?? 0;
      const url = `${bench.app.url}/${route}`;
      const all = [...started].reverse();
      const { host, pathname } = new URL(url);
      const messageId = bench.app.journal(special).deliveries[1]?.headers['upstash-message-id'];
      const expectations: [object, string[]][] = [
        [{ workflowRunId: special }, [special]],
        [{ workflowUrl: url }, all],
        [{ workflowUrl: url, workflowCreatedAt: at }, [special]],
        [{ messageId }, [special]],
        [{ label, state: 'RUN_SUCCESS' }, all],
        [{ label, state: 'RUN_FAILED' }, []],
        [{ label: 'special', workflowUrl: url }, [special]],
        [{ label: ['special', label] }, all],
        [{ label: 'nobody' }, []],
        [{ label, callerIp: '127.0.0.1' }, all],
        [{ label, callerIp: ['127.0.0.1', '10.0.0.1'] }, all],
        [{ label, callerIp: '10.0.0.1' }, []],
        [{ flowControlKey: label }, all],
        [{ label, flowControlKey: 'nobody' }, []],
        [{ label, fromDate: at, toDate: at }, [special]],
        [{ label, fromDate: at + 3_600_000 }, []],
        [{ label, toDate: new Date(at - 3_600_000) }, []],
        [{ label, host, path: pathname }, all],
        [{ label, host: 'elsewhere.example' }, []],
        [{ label, path: [pathname, '/nowhere'] }, all],
      ];
      const found = await Promise.all(
        expectations.map(async ([filter]) => [filter, await ids(filter).catch((error: unknown) => String(error))]),
      );
      expect(found).toEqual(expectations);
    });

    it('is there under its documented name, too; runs can be named with their times; bodies can be left out', async () => {
      const special = await bench.app.log(started[2] ?? '');
      const name = `${started[2]}@${special?.workflowRunCreatedAt}`;
      const answer = await bench.rest.get(`/v2/workflows/logs?workflowRuns=${name}&trimBody=true`);
      expect(answer).toMatchObject({
        status: 200,
        json: { runs: [{ workflowRunId: started[2], workflowState: 'RUN_SUCCESS' }] },
      });
      const { runs } = (await bench.rest.get(`/v2/workflows/logs?label=special,${label}&count=3`)).json as {
        runs: object[];
      };
      expect(runs).toHaveLength(3);
    });

    it('refuses what it doesn’t know', async () => {
      for (const query of ['labeel=x', 'state=RUN_NOWHERE', 'count=many', 'fromDate=yesterday'])
        expect([query, (await bench.rest.get(`/v2/workflows/logs?${query}`)).status]).toEqual([query, 400]);
    });
  });
}
