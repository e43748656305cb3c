import { randomUUID } from 'node:crypto';
import { until } from '../until';
import type { Bench } from './bench';

/* Every kind beside every other in one parallel group (protocol.md 7.7): k plans and k results, one more for each call. */
export function mixedGroups(bench: Bench): void {
  describe.each(['app', 'keyless'] as const)('a group of an %s', (which) => {
    it('of every kind there is ends once, with everybody’s result', async () => {
      const app = bench[which];
      const [happens, never, told] = [randomUUID(), randomUUID(), randomUUID()];
      const prefix = `mixed-${which}`;
      const child = app.library.createWorkflow<unknown, unknown>(async (context) => context.run('c', () => 'child'));
      const parent = app.library.createWorkflow<unknown, unknown>(async (context) => {
        const seen = app.journal(context.workflowRunId);
        const webhook = await context.createWebhook('hook');
        seen.notes.set('webhook', webhook.webhookUrl);
        const [run, , call, event, timeout, notify, hook, made, invoked] = await Promise.all([
          context.run('run', () => seen.run('run', 'r')),
          context.sleep('sleep', 1),
          context.call<{ target: string }>('call', { url: `${bench.thirdParty.url}/mixed-${which}` }),
          context.waitForEvent('event', happens, { timeout: '1m' }),
          context.waitForEvent('timeout', never, { timeout: 1 }),
          context.notify('notify', told, 'nobody'),
          context.waitForWebhook('webhook', webhook, '1m'),
          context.createWebhook('another'),
          context.invoke('invoke', { workflow: child, body: 1 }),
        ]);
        const body = await hook.request?.text();
        return context.run('join', () =>
          seen.run('join', {
            run,
            call: call.body.target,
            event: event.eventData,
            timeout: timeout.timeout,
            notified: notify.notifyResponse,
            body,
            made: typeof made.eventId,
            invoked: invoked.body,
          }),
        );
      });
      app.addMany(prefix, { parent, child });
      const runId = await app.trigger(`${prefix}/parent`);
      await until(
        `${happens} is waited for`,
        async () => (await app.client.getWaiters({ eventId: happens })).length === 1,
      );
      await app.client.notify({ eventId: happens, eventData: 'it happened' });
      await fetch(String(app.journal(runId).notes.get('webhook')), { method: 'POST', body: 'hooked' });

      const log = await app.ended(runId);
      expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({
        run: 'r',
        call: `/mixed-${which}`,
        event: 'it happened',
        timeout: true,
        notified: [],
        body: 'hooked',
        made: 'string',
        invoked: 'child',
      });
      expect([...app.journal(runId).executions]).toEqual([
        ['run', 1],
        ['join', 1],
      ]);
      expect(bench.thirdParty.seen(`/mixed-${which}`)).toHaveLength(1);
      await bench.called(runId, 1 + 1 + 9 + 9 + 1 + 1, app);
    });

    it('whose branches end in any order is joined once', async () => {
      const app = bench[which];
      const events = Array.from({ length: 6 }, () => randomUUID());
      const runId = await app.begin(async (context, seen) => {
        const answers = await Promise.all(
          events.map((eventId, index) => context.waitForEvent<number>(`wait-${index}`, eventId, { timeout: '1m' })),
        );
        return context.run('join', () =>
          seen.run(
            'join',
            answers.map(({ eventData }) => eventData),
          ),
        );
      });
      for (const eventId of events)
        await until(`${eventId} is waited for`, async () => (await app.client.getWaiters({ eventId })).length === 1);
      // All at once: who is first is the engine's affair.
      await Promise.all(
        [...events.entries()].reverse().map(([eventData, eventId]) => app.client.notify({ eventId, eventData })),
      );
      expect((await app.ended(runId)).workflowRunResponse).toBe('[0,1,2,3,4,5]');
      expect(app.journal(runId).order).toEqual(['join']);
      await bench.called(runId, 1 + 6 + 6 + 1, app);
    });
  });

  describe('a group', () => {
    it('one branch of which fails for good fails the run; the others’ results are refused', async () => {
      const runId = await bench.app.begin(
        async (context, seen) => {
          await Promise.all([
            context.run('fails', () => {
              seen.run('fails', undefined);
              throw new Error('this branch fails');
            }),
            context.sleep('long', 2),
          ]);
          return context.run('never', () => seen.run('never', 1));
        },
        { retries: 1, retryDelay: '50' },
      );
      const log = await bench.app.ended(runId);
      expect(log.workflowState).toBe('RUN_FAILED');
      await until('the failure function ran', () => bench.app.journal(runId).failureFunction !== undefined);
      expect(bench.app.journal(runId).order).toEqual(['fails', 'fails']);
      // The first delivery, two of the failing branch, the failure callback: the sleeping branch is never delivered.
      await bench.called(runId, 1 + 2 + 1);
    });

    it('one branch of which is retried repeats that branch alone', async () => {
      const { runId, result, journal } = await bench.runs(
        async (context, seen) =>
          Promise.all([
            context.run('steady', () => seen.run('steady', 's')),
            context.run('flaky', () => {
              seen.run('flaky', undefined);
              if (seen.executions.get('flaky') === 1) throw new Error('once');
              return 'f';
            }),
          ]),
        { retries: 2, retryDelay: '100' },
      );
      expect(result).toEqual(['s', 'f']);
      expect(Object.fromEntries(journal.executions)).toEqual({ steady: 1, flaky: 2 });
      await bench.called(runId, 1 + 2 + 2 + 1);
    });
  });
}
