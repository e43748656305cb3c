import { randomUUID } from 'node:crypto';
import type { Bench } from '../conformance/bench';
import type { Answered } from '../conformance/rest';
import { until } from '../until';
import type { Workflow } from '../workflow-app';
import type { Shape } from './go-shapes';
import { LOGS, NOTIFIED, PUBLISHED, undecodable, WAITERS } from './go-shapes';

/*
 * The client in Go, by its wire alone (protocol.md section 17): it triggers, notifies, cancels and reads logs; workflows themselves it
 * can't run.
 *
 * Its own code runs in go-client.full.e2e.spec.ts, where the module can be had: it has no releases, and not every module proxy has it.
 * Here its requests are sent as its public source makes net/http write them: header names in canonical form, a name with two values as
 * two lines, no content type with a trigger or a notify, JSON in the body of a DELETE. Answers are held against the types it decodes
 * them into.
 */
export function goWire(bench: Bench): void {
  const go = async (
    method: string,
    target: string,
    { header = {}, body }: { header?: Record<string, string | string[]>; body?: string } = {},
  ): Promise<Answered> =>
    bench.rest.send(method, target, {
      headers: {
        'User-Agent': 'Go-http-client/1.1',
        ...(body === undefined ? { 'Content-Length': '0' } : {}),
        ...header,
      },
      ...(body === undefined ? {} : { body }),
    });
  const decoded = <T>(answer: Answered, shape: Shape): T => {
    expect([answer.status, undecodable(shape, answer.json)]).toEqual([200, []]);
    return answer.json as T;
  };
  const trigger = async (
    workflow: Workflow | string,
    body?: string,
    header: Record<string, string> = {},
    runId: string = randomUUID(),
  ): Promise<string> => {
    const url = typeof workflow === 'string' ? workflow : `${bench.app.url}/${bench.app.addOnce(workflow)}`;
    const answer = await go('POST', `/v2/publish/${url}`, {
      header: {
        'Upstash-Workflow-Init': 'true',
        'Upstash-Workflow-Runid': runId,
        'Upstash-Workflow-Url': url,
        'Upstash-Feature-Set': ['LazyFetch', 'InitialBody'],
        'Upstash-Forward-Upstash-Workflow-Sdk-Version': '1',
        ...header,
      },
      ...(body === undefined ? {} : { body }),
    });
    decoded(answer, PUBLISHED);
    return runId;
  };
  const payloadOf: Workflow = async (context) => {
    const payload = context.requestPayload as unknown;
    return context.run('one', () => payload ?? 'nothing');
  };
  const sleepy: Workflow = async (context) => context.sleep('long', '240h');
  interface Run {
    readonly workflowRunId: string;
    readonly workflowState: string;
    readonly steps: { steps: { out?: string; headers?: Record<string, string[]> }[] }[];
  }
  const logsOf = async (query: string): Promise<{ cursor?: string; runs: Run[] }> =>
    decoded(await go('GET', `/v2/workflows/logs?${query}`), LOGS);

  describe('the client in Go, by its wire', () => {
    it.each<[string, string | undefined, unknown, string]>([
      ['JSON', '{"name":"größer"}', { name: 'größer' }, '{"name":"größer"}'],
      ['text', 'plain text body content', 'plain text body content', 'plain text body content'],
      ['nothing', undefined, 'nothing', ''],
    ])('triggers with %s, under a run id of any form, without a content type', async (_what, body, arrived, shown) => {
      const runId = await trigger(payloadOf, body);
      const log = await bench.app.ended(runId);
      expect(JSON.parse(log.workflowRunResponse ?? 'null')).toEqual(arrived);
      await bench.called(runId, 2);
      const [run] = (await logsOf(`workflowRunId=${runId}`)).runs;
      expect(run?.steps[0]?.steps[0]?.out ?? '').toBe(shown);
    });

    it('sets headers and retries once, at the trigger: they hold for the whole run', async () => {
      const runId = await trigger(
        async (context, seen) => {
          await context.run('one', () => seen.run('one', 1));
          return context.run('fails', () => {
            seen.run('fails', undefined);
            throw new Error('by intention');
          });
        },
        '1',
        {
          'Upstash-Retries': '0',
          'Upstash-Forward-X-Custom-Header': 'test-value',
          'Upstash-Flow-Control-Key': 'go-key',
          'Upstash-Flow-Control-Value': 'rate=50,parallelism=9',
        },
      );
      const log = await bench.app.ended(runId);
      expect(log).toMatchObject({ workflowState: 'RUN_FAILED', flowControlKey: 'go-key' });
      expect(bench.app.journal(runId).order).toEqual(['one', 'fails']);
      for (const { headers } of bench.app.journal(runId).deliveries)
        expect(headers['x-custom-header']).toBe('test-value');
      // It asks for no failure callback.
      expect(log.failureFunction).toBeUndefined();
      await bench.called(runId, 2);
      const [run] = (await logsOf(`workflowRunId=${runId}`)).runs;
      expect(run?.steps[0]?.steps[0]?.headers?.['X-Custom-Header']).toEqual(['test-value']);
    });

    it('reads logs of every kind of step', async () => {
      const event = randomUUID();
      const child = bench.app.library.createWorkflow<unknown, unknown>(async (context) => context.run('one', () => 1));
      const parent = bench.app.library.createWorkflow<unknown, unknown>(async (context) => {
        await context.run('run', () => ({ an: 'object' }));
        await context.sleep('sleep', '1s');
        await context.sleepUntil('sleep-until', Date.now() / 1_000);
        await context.call('call', { url: `${bench.thirdParty.url}/go`, method: 'POST', body: '{"a":1}' });
        await context.invoke('invoke', { workflow: child, body: { an: 'object' } });
        await context.notify('notify', event, { an: 'object' });
        const webhook = await context.createWebhook('create');
        await Promise.all([
          context.waitForWebhook('webhook', webhook, '1s'),
          context.waitForEvent('wait', event, { timeout: 1 }),
        ]);
        throw new Error('by intention');
      });
      bench.app.addMany('go-family', { parent, child });
      const runId = await bench.app.trigger('go-family/parent', {
        retries: 0,
        failureUrl: `${bench.thirdParty.url}/go-failed`,
      });
      await bench.app.ended(runId);
      await until('its failure was told', () => bench.thirdParty.seen('/go-failed').length === 1);
      const { runs, cursor } = await logsOf(`workflowRunId=${encodeURIComponent(runId)}`);
      expect(runs).toHaveLength(1);
      expect(runs[0]?.steps.length).toBeGreaterThanOrEqual(9);
      expect(cursor ?? '').toBe('');
    });

    it('lists runs by count, state and URL, and goes on from a cursor', async () => {
      const url = `${bench.app.url}/${bench.app.addOnce(payloadOf)}`;
      const runIds: string[] = [];
      for (const body of ['1', '2', '3']) {
        runIds.push(await trigger(url, body));
        await bench.app.ended(runIds.at(-1) ?? '');
      }
      const byUrl = `workflowUrl=${encodeURIComponent(url)}`;
      await until('all are listed', async () => (await logsOf(byUrl)).runs.length === 3);
      const first = await logsOf(`count=2&${byUrl}`);
      expect(first.runs.map(({ workflowRunId }) => workflowRunId)).toEqual([runIds[2], runIds[1]]);
      const second = await logsOf(`cursor=${encodeURIComponent(first.cursor ?? '')}&${byUrl}`);
      expect(second.runs.map(({ workflowRunId }) => workflowRunId)).toEqual([runIds[0]]);
      expect((await logsOf(`state=RUN_SUCCESS&${byUrl}`)).runs).toHaveLength(3);
      expect((await logsOf(`state=RUN_FAILED&${byUrl}`)).runs).toEqual([]);
    });

    it('waits are seen, and notified with bytes of any kind', async () => {
      const eventId = randomUUID();
      expect(decoded(await go('GET', `/v2/waiters/${eventId}`), WAITERS)).toEqual([]);
      expect(decoded(await go('POST', `/v2/notify/${eventId}`, { body: 'early' }), NOTIFIED)).toEqual([]);
      const runId = await trigger(async (context) => context.waitForEvent('wait', eventId, { timeout: '1m' }));
      await until('it waits', async () => ((await go('GET', `/v2/waiters/${eventId}`)).json as unknown[]).length === 1);
      decoded(await go('GET', `/v2/waiters/${eventId}`), WAITERS);
      const notified = decoded<object[]>(
        await go('POST', `/v2/notify/${eventId}`, { body: '{"test":"data"}' }),
        NOTIFIED,
      );
      expect(notified).toMatchObject([{ waiter: { headers: { 'Upstash-Workflow-Runid': [runId] } } }]);
      const log = await bench.app.ended(runId);
      expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({ timeout: false, eventData: { test: 'data' } });
    });

    it('cancels by a body: ids before the beginning of a URL, and nothing for an unknown run', async () => {
      const cancel = async (filter: object): Promise<unknown> =>
        decoded(
          await go('DELETE', '/v2/workflows/runs', {
            header: { 'Content-Type': 'application/json' },
            body: JSON.stringify(filter),
          }),
          { cancelled: 'int' },
        );
      const url = `${bench.app.url}/${bench.app.addOnce(sleepy)}`;
      const runIds = [await trigger(url), await trigger(url), await trigger(url)];
      expect(await cancel({ workflowRunIds: ['unknown-run-id'] })).toEqual({ cancelled: 0 });
      expect(await cancel({ workflowRunIds: [runIds[0]] })).toEqual({ cancelled: 1 });
      expect(await cancel({ workflowRunIds: [runIds[0]], workflowUrl: url })).toEqual({ cancelled: 0 });
      await until(
        'all are listed',
        async () => (await logsOf(`workflowUrl=${encodeURIComponent(url)}`)).runs.length === 3,
      );
      expect(await cancel({ workflowUrl: url })).toEqual({ cancelled: 2 });
      for (const runId of runIds) expect((await bench.app.ended(runId)).workflowState).toBe('RUN_CANCELED');
    });

    it('is told what was wrong in a form it can read', async () => {
      const answer = await go('POST', `/v2/publish/${bench.app.url}/any`, {
        header: {
          'Upstash-Workflow-Init': 'true',
          'Upstash-Workflow-Runid': randomUUID(),
          'Upstash-Retries': '1000000',
        },
      });
      expect(answer.status).toBe(412);
      expect(answer.json).toMatchObject({ error: expect.any(String) });
    });
  });
}
