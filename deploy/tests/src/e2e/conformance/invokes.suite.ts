import type { InvokableWorkflow, WorkflowContext } from '@upstash/workflow';
import { until } from '../until';
import type { Bench } from './bench';

interface Answer {
  readonly body?: unknown;
  readonly isFailed?: boolean;
  readonly isCanceled?: boolean;
}

/* `invoke` (protocol.md 8.7): a run waits for another one's end, however that comes. One call more for the parent. */
export function invokes(bench: Bench): void {
  let prefixes = 0;
  type Made = Record<string, InvokableWorkflow<unknown, unknown>>;
  type Route = (context: WorkflowContext, others: Made) => Promise<unknown>;

  /** Workflows that know each other, under a prefix of their own; every run of them is noted in the app's journals. */
  const family = (
    which: 'app' | 'keyless',
    routes: Record<string, Route>,
    strangers: Record<string, InvokableWorkflow<unknown, unknown>> = {},
  ) => {
    const app = bench[which];
    const prefix = `family-${(prefixes += 1)}`;
    const made: Made = { ...strangers };
    const own: Made = {};
    for (const [name, route] of Object.entries(routes)) {
      own[name] = app.library.createWorkflow<unknown, unknown>(async (context) => route(context, made), {
        failureFunction: ({ context, failResponse }) => {
          app.journal(context.workflowRunId).failureFunction = failResponse;
        },
      });
      made[name] = own[name];
    }
    app.addMany(prefix, own);
    return { app, prefix, start: (name: string, options = {}) => app.trigger(`${prefix}/${name}`, options) };
  };
  const resultOf = (log: { workflowRunResponse?: string }): unknown => JSON.parse(log.workflowRunResponse ?? 'null');

  describe.each(['app', 'keyless'] as const)('invokes of an %s', (which) => {
    it('give the child’s result', async () => {
      const { app, prefix, start } = family(which, {
        parent: async (context, { child }) =>
          context.invoke('invoke', {
            workflow: child!,
            body: { hi: 'ü' },
            headers: { 'x-child': 'yes' },
            label: 'child-label',
            workflowRunId: `child-of-${context.workflowRunId}`,
          }),
        child: async (context) => {
          const got = context.requestPayload;
          return context.run('one', () => ({ got }));
        },
      });
      const parent = await start('parent', { headers: { 'x-parent': 'mine' } });
      const log = await app.ended(parent);
      expect(resultOf(log)).toEqual({
        body: { got: { hi: 'ü' } },
        isFailed: false,
        isCanceled: false,
        workflowRunId: `wfr_child-of-${parent}`,
      });
      await bench.called(parent, 2, app);
      expect(app.journal(parent).deliveries[1]?.headers['x-parent']).toBe('mine');

      const child = `wfr_child-of-${parent}`;
      await bench.called(child, 2, app);
      for (const { headers } of app.journal(child).deliveries) {
        expect(headers).toMatchObject({
          'x-child': 'yes',
          'upstash-label': 'child-label',
          'upstash-workflow-invoke-count': '1',
        });
        expect(headers['x-parent']).toBeUndefined();
      }
      expect(await app.log(child)).toMatchObject({
        workflowUrl: `${app.url}/${prefix}/child`,
        workflowState: 'RUN_SUCCESS',
        labels: ['child-label'],
        invoker: { workflowRunId: parent, workflowUrl: `${app.url}/${prefix}/parent` },
      });
    });
  });

  describe('an invoked child', () => {
    it.each<[string, unknown]>([
      ['nothing', undefined],
      ['text', 'text'],
      ['null', null],
      ['a number', 3],
      ['a list', [1, { a: 'ü' }]],
    ])('gets and gives %s', async (_what, value) => {
      const { app, start } = family('app', {
        parent: async (context, { child }) => {
          const { body } = await context.invoke('invoke', { workflow: child!, body: value });
          return { body };
        },
        child: async (context) => {
          await context.run('one', () => 1);
          return context.requestPayload;
        },
      });
      const log = await app.ended(await start('parent'));
      // What is empty comes as nothing or as an empty text, as with the client alone.
      if (value === undefined) expect([undefined, '']).toContain((resultOf(log) as Answer).body);
      else expect(resultOf(log)).toEqual({ body: value });
    });

    it('that fails is told, after its own retries, and has its own failure function', async () => {
      const { app, start } = family('app', {
        parent: async (context, { child }) => {
          const answer = await context.invoke('invoke', {
            workflow: child!,
            body: 1,
            retries: 1,
            retryDelay: '50',
            workflowRunId: `failing-of-${context.workflowRunId}`,
          });
          return context.run('after', () => answer);
        },
        child: async (context) =>
          context.run('one', () => {
            throw new Error('the child fails');
          }),
      });
      const parent = await start('parent');
      const log = await app.ended(parent);
      expect(log.workflowState).toBe('RUN_SUCCESS');
      expect(resultOf(log)).toMatchObject({ isFailed: true, isCanceled: false });
      expect((resultOf(log) as Answer).body).toBeUndefined();
      await bench.called(parent, 3);
      const child = `wfr_failing-of-${parent}`;
      expect((await app.log(child))?.workflowState).toBe('RUN_FAILED');
      await until('the failure function ran', () => app.journal(child).failureFunction !== undefined);
      expect(app.journal(child).failureFunction).toBe('the child fails');
      await bench.called(child, 2 + 1);
    });

    it('that is cancelled is told', async () => {
      const { app, start } = family('app', {
        parent: async (context, { child }) =>
          context.invoke('invoke', {
            workflow: child!,
            body: 1,
            workflowRunId: `cancelled-of-${context.workflowRunId}`,
          }),
        child: async (context) => context.sleep('long', '1h'),
      });
      const parent = await start('parent');
      const child = `wfr_cancelled-of-${parent}`;
      await until('the child runs', () => app.journal(child).calls === 1);
      expect(await app.client.cancel(child)).toEqual({ cancelled: 1 });
      expect(resultOf(await app.ended(parent))).toMatchObject({ isFailed: false, isCanceled: true });
      await bench.called(parent, 2);
      await bench.called(child, 1);
    });

    it('that is no workflow fails, and that is told', async () => {
      const stranger: InvokableWorkflow<unknown, unknown> = {
        workflowId: 'stranger',
        routeFunction: async () => undefined,
        options: {},
        useJSONContent: true,
      };
      bench.app.addHandler(`family-${prefixes + 1}/stranger`, (_request, response) => {
        response.json({ i: 'am no workflow' });
      });
      const { app, start } = family(
        'app',
        { parent: async (context, { stranger: other }) => context.invoke('invoke', { workflow: other!, body: 1 }) },
        { stranger },
      );
      const parent = await start('parent');
      expect(resultOf(await app.ended(parent))).toMatchObject({ isFailed: true });
      await bench.called(parent, 2);
    });

    it('may invoke itself: each level knows its depth', async () => {
      const { app, start } = family('app', {
        deep: async (context, { deep }) => {
          const level = Number(context.requestPayload);
          if (level === 0)
            return context.run('bottom', () => context.headers.get('upstash-workflow-invoke-count') ?? 0);
          const { body } = await context.invoke('invoke', {
            workflow: deep!,
            body: level - 1,
            workflowRunId: `${level - 1}-under-${context.workflowRunId}`,
          });
          return { level, below: body };
        },
      });
      const top = await start('deep', { body: '3' });
      expect(resultOf(await app.ended(top))).toMatchObject({ level: 3, below: { level: 2, below: { level: 1 } } });
      let runId = top;
      for (const depth of [1, 2, 3]) {
        runId = `wfr_${3 - depth}-under-${runId}`;
        for (const { headers } of app.journal(runId).deliveries)
          expect(headers['upstash-workflow-invoke-count']).toBe(String(depth));
      }
    });

    it('too deep fails its parent for good', async () => {
      const { app, prefix } = family('app', {
        parent: async (context, { child }) => context.invoke('invoke', { workflow: child!, body: 1 }),
        child: async (context) => context.run('one', () => 1),
      });
      const runId = 'wfr_too-deep';
      const url = `${app.url}/${prefix}/parent`;
      const started = await bench.rest.batch([
        {
          destination: url,
          headers: {
            'content-type': 'application/json',
            'upstash-workflow-init': 'true',
            'upstash-workflow-runid': runId,
            'upstash-workflow-url': url,
            'upstash-workflow-sdk-version': '1',
            'upstash-feature-set': 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig',
            'upstash-forward-upstash-workflow-sdk-version': '1',
            'upstash-forward-upstash-workflow-invoke-count': '100',
            'upstash-retries': '3',
          },
          body: '1',
        },
      ]);
      expect(started.status).toBe(200);
      expect((await app.ended(runId)).workflowState).toBe('RUN_FAILED');
      // 412 is taken for "never": no retry.
      await bench.called(runId, 1);
    });

    it('outlives a parent that is cancelled; its result goes nowhere', async () => {
      const { app, start } = family('app', {
        parent: async (context, { child }) =>
          context.invoke('invoke', { workflow: child!, body: 1, workflowRunId: `orphan-of-${context.workflowRunId}` }),
        child: async (context) => {
          await context.sleep('nap', 1);
          return 'alone';
        },
      });
      const parent = await start('parent');
      const child = `wfr_orphan-of-${parent}`;
      await until('the child runs', () => app.journal(child).calls === 1);
      await app.client.cancel(parent);
      expect(await app.ended(child)).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"alone"' });
      expect((await app.log(parent))?.workflowState).toBe('RUN_CANCELED');
      await bench.called(parent, 1);
    });
  });

  it.each(['app', 'keyless'] as const)('an %s calls a sibling workflow: a start of its own', async (which) => {
    const { app, start } = family(which, {
      caller: async (context, { sibling }) =>
        context.call('call', { workflow: sibling!, body: { from: 'the caller' } }),
      sibling: async (context) => {
        const payload = context.requestPayload;
        return context.run('one', () => payload);
      },
    });
    const caller = await start('caller');
    const { status, body } = resultOf(await app.ended(caller)) as { status: number; body: { workflowRunId: string } };
    expect(status).toBe(200);
    await bench.called(caller, 3, app);
    expect(resultOf(await app.ended(body.workflowRunId))).toEqual({ from: 'the caller' });
    await bench.called(body.workflowRunId, 2, app);
  });
}
