import { until } from '../until';
import type { Workflow } from '../workflow-app';
import type { Bench } from './bench';

interface Hook {
  readonly webhookUrl: string;
  readonly eventId: string;
}

/** A request as the workflow got it back. */
const described = async (answer: { timeout: boolean; request?: Request | undefined }) => {
  if (!answer.request) return { timeout: answer.timeout };
  const { method, url, headers } = answer.request;
  return {
    timeout: answer.timeout,
    method,
    url,
    type: headers.get('content-type'),
    mine: headers.get('x-mine'),
    body: await answer.request.text(),
  };
};

/** Waits so many times, from `afterSeconds` on. */
const hooked =
  (times: number, afterSeconds = 0): Workflow =>
  async (context, seen) => {
    const webhook = await context.createWebhook('create');
    seen.notes.set('webhook', webhook);
    if (afterSeconds > 0) await context.sleep('nap', afterSeconds);
    const answers: unknown[] = [];
    for (let time = 0; time < times; time += 1) {
      const answer = await context.waitForWebhook(`wait-${time}`, webhook, '30s');
      answers.push(await described(answer));
    }
    return answers;
  };

/* Webhooks (protocol.md 8.1, 8.4, 8.6): anybody may call, before the wait or during it; each call ends one wait, in their order. */
export function webhooks(bench: Bench): void {
  const hookOf = async (runId: string): Promise<Hook> => {
    const { notes } = bench.app.journal(runId);
    await until(`${runId} has a webhook`, () => notes.has('webhook'));
    return notes.get('webhook') as Hook;
  };
  const untilWaiting = async (eventId: string): Promise<void> => {
    await until(
      `a run waits for ${eventId}`,
      async () => (await bench.app.client.getWaiters({ eventId })).length === 1,
    );
  };
  const resultOf = async (runId: string): Promise<unknown> =>
    JSON.parse((await bench.app.ended(runId)).workflowRunResponse ?? '') as unknown;

  describe('a webhook', () => {
    it('has an address at this server, made of the token’s user, the run and an event', async () => {
      const { runId, journal } = await bench.runs(async (context, seen) => {
        seen.notes.set('webhook', await context.createWebhook('create'));
      });
      const { webhookUrl, eventId } = journal.notes.get('webhook') as Hook;
      expect(webhookUrl).toBe(`${bench.stepwell.url}/v2/workflows/hooks/defaultUser/${runId}/${eventId}`);
      await bench.called(runId, 2);
    });

    it.each<[string, string, RequestInit]>([
      ['GET', '', { method: 'GET', headers: { 'x-mine': 'yes' } }],
      ['GET with a query', '?a=b&c=%2Fd%20e&c=f', { method: 'GET' }],
      [
        'PUT of text',
        '',
        { method: 'PUT', headers: { 'content-type': 'text/plain', 'x-mine': 'yes' }, body: 'größer' },
      ],
      [
        'POST of JSON',
        '?q=1',
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":[1,"ü"]}' },
      ],
      ['POST of a form', '', { method: 'POST', body: new URLSearchParams({ a: 'b c' }) }],
      ['POST of nothing', '', { method: 'POST' }],
      ['PATCH', '', { method: 'PATCH', headers: { 'content-type': 'text/plain' }, body: 'patched' }],
      ['DELETE', '', { method: 'DELETE' }],
    ])('is called by %s: the workflow gets that very request', async (_what, query, init) => {
      const runId = await bench.app.begin(hooked(1));
      const { webhookUrl, eventId } = await hookOf(runId);
      await untilWaiting(eventId);
      // No token: whoever knows the address may call.
      const sent = new Request(webhookUrl + query, init);
      const expected = await described({ timeout: false, request: sent.clone() });
      expect((await fetch(sent)).ok).toBe(true);
      expect(await resultOf(runId)).toEqual([expected]);
      expect(await bench.app.client.getWaiters({ eventId })).toEqual([]);
      await bench.called(runId, 3);
    });

    it('may be called before its run waits; calls end waits in the order they came in', async () => {
      const runId = await bench.app.begin(hooked(3, 1));
      const { webhookUrl } = await hookOf(runId);
      for (const body of ['first', 'second', 'third']) {
        const answer = await fetch(webhookUrl, { method: 'POST', body });
        expect(answer.ok).toBe(true);
      }
      expect(await resultOf(runId)).toMatchObject([{ body: 'first' }, { body: 'second' }, { body: 'third' }]);
      await bench.called(runId, 1 + 1 + 1 + 3);
    });

    it('may be called once before and once during the wait', async () => {
      const runId = await bench.app.begin(hooked(2, 1));
      const { webhookUrl, eventId } = await hookOf(runId);
      await fetch(webhookUrl, { method: 'POST', body: 'before' });
      await untilWaiting(eventId);
      await fetch(webhookUrl, { method: 'POST', body: 'during' });
      expect(await resultOf(runId)).toMatchObject([{ body: 'before' }, { body: 'during' }]);
    });

    it('that nobody calls times out', async () => {
      const { runId, result } = await bench.runs(async (context) => {
        const webhook = await context.createWebhook('create');
        return described(await context.waitForWebhook('wait', webhook, '1s'));
      });
      expect(result).toEqual({ timeout: true });
      await bench.called(runId, 3);
    });

    it('of a run nobody knows is not there', async () => {
      const answer = await fetch(`${bench.stepwell.url}/v2/workflows/hooks/defaultUser/wfr_nobody/evt_any`);
      expect(answer.status).toBe(404);
    });

    it('of a run that has ended does no harm', async () => {
      const { runId, journal } = await bench.runs(async (context, seen) => {
        seen.notes.set('webhook', await context.createWebhook('create'));
      });
      const { webhookUrl } = journal.notes.get('webhook') as Hook;
      expect((await fetch(webhookUrl, { method: 'POST', body: 'late' })).status).toBeLessThan(500);
      expect((await bench.app.log(runId))?.workflowState).toBe('RUN_SUCCESS');
      await bench.called(runId, 2);
    });

    it('can be notified like any event of its run', async () => {
      const runId = await bench.app.begin(hooked(1));
      const { webhookUrl, eventId } = await hookOf(runId);
      await untilWaiting(eventId);
      expect(await bench.app.client.getWaiters({ eventId })).toHaveLength(1);
      await fetch(webhookUrl, { method: 'POST', body: 'x' });
      await bench.app.ended(runId);
    });
  });
}
