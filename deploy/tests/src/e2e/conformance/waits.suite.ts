import { randomUUID } from 'node:crypto';
import type { Journal } from '../journal';
import { until } from '../until';
import type { Workflow } from '../workflow-app';
import type { Bench } from './bench';

const waiting =
  (eventId: string, timeout: number | `${bigint}${'s' | 'm' | 'h' | 'd'}` = '1m'): Workflow =>
  async (context) =>
    context.waitForEvent('wait', eventId, { timeout });

/** Does something, then waits twice for the same event. */
const waitingTwice =
  (eventId: string): Workflow =>
  async (context, seen: Journal) => {
    await context.run('before', () => seen.run('before', true));
    await context.sleep('nap', 1);
    const first = await context.waitForEvent('first', eventId, { timeout: '1m' });
    const second = await context.waitForEvent('second', eventId, { timeout: '1m' });
    return [first.eventData, second.eventData];
  };

/* `waitForEvent` and `notify` (protocol.md 8.4, 8.5): one call more; an event reaches every waiter once, and nobody who came later. */
export function waits(bench: Bench): void {
  const freshEvent = (): string => `event-${randomUUID()}`;
  const runOf = (waiter: { headers: Record<string, string[]> }): string | undefined =>
    Object.entries(waiter.headers).find(([name]) => name.toLowerCase() === 'upstash-workflow-runid')?.[1][0];
  const waitersOf = async (eventId: string) => bench.app.client.getWaiters({ eventId });
  const untilWaiting = async (eventId: string, count = 1): Promise<void> => {
    await until(`${count} runs wait for ${eventId}`, async () => (await waitersOf(eventId)).length === count);
  };

  describe.each(['app', 'keyless'] as const)('waits of an %s', (which) => {
    const app = () => bench[which];

    it('end with what the event brings, in one call more', async () => {
      const eventId = freshEvent();
      const runId = await app().begin(waiting(eventId), { headers: { 'my-header': 'mine' }, label: 'lab' });
      await untilWaiting(eventId);
      const notified = await app().client.notify({ eventId, eventData: { hello: 'wörld' } });
      expect(notified).toMatchObject([{ waiter: { url: expect.stringContaining(app().url) } }]);
      const log = await app().ended(runId);
      expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({ timeout: false, eventData: { hello: 'wörld' } });
      expect(await waitersOf(eventId)).toEqual([]);
      await bench.called(runId, 2, app());
      const result = app().journal(runId).deliveries.at(-1);
      expect(result?.headers).toMatchObject({
        'my-header': 'mine',
        'upstash-label': 'lab',
        'upstash-workflow-sdk-version': '1',
        'upstash-workflow-runid': runId,
      });
      // What the server wrote itself (8.4): 0.2.x decodes `out` only beside a `waitEventId`.
      expect(JSON.parse(result?.history?.at(-1)?.text ?? '')).toMatchObject({
        stepId: 1,
        stepType: 'Wait',
        stepName: 'wait',
        waitEventId: eventId,
        out: Buffer.from('{"hello":"wörld"}').toString('base64'),
      });
    });

    it('end when their time is up', async () => {
      const eventId = freshEvent();
      const { runId, result, journal } = await bench.runs(waiting(eventId, 1), {}, app());
      expect(result).toEqual({ timeout: true });
      await bench.called(runId, 2, app());
      const written = JSON.parse(journal.deliveries.at(-1)?.history?.at(-1)?.text ?? '') as object;
      expect(written).toMatchObject({ waitTimeout: true, waitEventId: eventId });
      expect('out' in written).toBe(false);
      expect(await waitersOf(eventId)).toEqual([]);
      // Too late: nobody is there any more, and nobody is called again.
      expect(await app().client.notify({ eventId, eventData: 'late' })).toEqual([]);
    });
  });

  describe('an event', () => {
    it.each<[string, unknown, unknown]>([
      ['text', 'hello', 'hello'],
      // On the wire an empty text is nothing.
      ['an empty text', '', undefined],
      ['a number', 7, 7],
      ['an array', [1, 'ü'], [1, 'ü']],
      ['null', null, null],
    ])('brings %s', async (_what, eventData, arrived) => {
      const eventId = freshEvent();
      const runId = await bench.app.begin(waiting(eventId));
      await untilWaiting(eventId);
      await bench.app.client.notify({ eventId, eventData });
      const { workflowRunResponse } = await bench.app.ended(runId);
      expect(JSON.parse(workflowRunResponse ?? '')).toEqual({ timeout: false, eventData: arrived });
    });

    it('may bring nothing', async () => {
      const eventId = freshEvent();
      const runId = await bench.app.begin(waiting(eventId));
      await untilWaiting(eventId);
      await bench.app.client.notify({ eventId });
      const { workflowRunResponse } = await bench.app.ended(runId);
      expect(JSON.parse(workflowRunResponse ?? '')).toMatchObject({ timeout: false });
    });

    it('may have any name that fits one segment of a path', async () => {
      const eventId = `order:7/ü ${randomUUID()}`.replace('/', '+');
      const runId = await bench.app.begin(waiting(eventId));
      await untilWaiting(eventId);
      expect(await bench.app.client.notify({ eventId, eventData: 1 })).toHaveLength(1);
      expect((await bench.app.ended(runId)).workflowState).toBe('RUN_SUCCESS');
    });

    it('that nobody waits for is nothing, now and later', async () => {
      const eventId = freshEvent();
      expect(await bench.app.client.notify({ eventId, eventData: 'early' })).toEqual([]);
      const { result } = await bench.runs(waiting(eventId, 1));
      expect(result).toEqual({ timeout: true });
    });

    it('reaches all who wait, each once', async () => {
      const eventId = freshEvent();
      const name = bench.app.addOnce(waiting(eventId));
      const runIds = await Promise.all([1, 2, 3].map(() => bench.app.trigger(name)));
      await untilWaiting(eventId, 3);
      const notified = await bench.app.client.notify({ eventId, eventData: 'all' });
      expect(new Set(notified.map(({ waiter }) => runOf(waiter)))).toEqual(new Set(runIds));
      expect(new Set(notified.map(({ messageId }) => messageId)).size).toBe(3);
      // A client in Go can't read any text there, not even an empty one.
      for (const each of notified) expect([undefined, null]).toContain(each.error);
      expect(await bench.app.client.notify({ eventId, eventData: 'again' })).toEqual([]);
      for (const runId of runIds) {
        const { workflowRunResponse } = await bench.app.ended(runId);
        expect(JSON.parse(workflowRunResponse ?? '')).toEqual({ timeout: false, eventData: 'all' });
        await bench.called(runId, 2);
      }
    });

    it('for one run leaves the others waiting', async () => {
      const eventId = freshEvent();
      const name = bench.app.addOnce(waiting(eventId));
      const [mine = '', other = ''] = await Promise.all([1, 2].map(() => bench.app.trigger(name)));
      await untilWaiting(eventId, 2);
      const notified = await bench.app.client.notify({ eventId, eventData: 'mine', workflowRunId: mine });
      expect(notified).toHaveLength(1);
      await bench.app.ended(mine);
      expect((await waitersOf(eventId)).map(runOf)).toEqual([other]);
      await bench.app.client.notify({ eventId, eventData: 'rest' });
      expect(JSON.parse((await bench.app.ended(other)).workflowRunResponse ?? '')).toMatchObject({ eventData: 'rest' });
    });

    it('for one run is kept until that run waits, several in their order', async () => {
      const eventId = freshEvent();
      const runId = await bench.app.begin(waitingTwice(eventId));
      for (const eventData of ['first', 'second'])
        expect(Array.isArray(await bench.app.client.notify({ eventId, eventData, workflowRunId: runId }))).toBe(true);
      const { workflowRunResponse } = await bench.app.ended(runId);
      expect(workflowRunResponse).toBe('["first","second"]');
      expect(bench.app.journal(runId).order).toEqual(['before']);
      await bench.called(runId, 5);
    });

    it('for one run that is unknown is refused', async () => {
      await expect(
        bench.app.client.notify({ eventId: freshEvent(), eventData: 1, workflowRunId: 'wfr_unknown' }),
      ).rejects.toMatchObject({ status: 404 });
    });

    it('can come from a step of another run', async () => {
      const eventId = freshEvent();
      const waitingRun = await bench.app.begin(waiting(eventId));
      await untilWaiting(eventId);
      const { runId, result } = await bench.runs(async (context) =>
        context.notify('notify', eventId, { from: 'a step' }),
      );
      expect(result).toMatchObject({
        eventId,
        eventData: { from: 'a step' },
        notifyResponse: [{ waiter: { url: expect.any(String) } }],
      });
      await bench.called(runId, 2);
      expect(JSON.parse((await bench.app.ended(waitingRun)).workflowRunResponse ?? '')).toEqual({
        timeout: false,
        eventData: { from: 'a step' },
      });
    });

    it('can come from a step for a run that does not wait yet', async () => {
      const eventId = freshEvent();
      const waitingRun = await bench.app.begin(waitingTwice(eventId));
      await bench.runs(async (context) => {
        await context.notify('one', eventId, 1, waitingRun);
        await context.notify('two', eventId, 2, waitingRun);
      });
      expect((await bench.app.ended(waitingRun)).workflowRunResponse).toBe('[1,2]');
    });
  });

  describe('waiters', () => {
    it.each<[string, Workflow, number]>([
      ['seven days, unless told otherwise', async (context) => context.waitForEvent('wait', 'waiter-7d'), 7 * 86_400],
      ['seconds', waiting('waiter-90', 90), 90],
      ['words', waiting('waiter-2h', '2h'), 7_200],
    ])('have a deadline: %s', async (_what, workflow, seconds) => {
      const eventId = { [7 * 86_400]: 'waiter-7d', 90: 'waiter-90', 7200: 'waiter-2h' }[seconds] ?? '';
      const before = Math.floor(Date.now() / 1_000);
      const name = bench.app.addOnce(workflow);
      const runId = await bench.app.trigger(name);
      await untilWaiting(eventId);
      const [waiter] = await waitersOf(eventId);
      expect(waiter).toMatchObject({ url: `${bench.app.url}/${name}`, timeoutUrl: `${bench.app.url}/${name}` });
      expect(Object.entries(waiter?.headers ?? {})).toContainEqual(['Upstash-Workflow-Runid', [runId]]);
      expect(Number.isInteger(waiter?.deadline)).toBe(true);
      expect(waiter?.deadline).toBeGreaterThanOrEqual(before + seconds);
      expect(waiter?.deadline).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000) + seconds);
      await bench.app.client.cancel(runId);
    });

    it('of an event that nobody knows are none', async () => {
      expect(await waitersOf(freshEvent())).toEqual([]);
    });

    it('go with their run', async () => {
      const eventId = freshEvent();
      const runId = await bench.app.begin(waiting(eventId));
      await untilWaiting(eventId);
      expect(await bench.app.client.cancel(runId)).toEqual({ cancelled: 1 });
      expect(await waitersOf(eventId)).toEqual([]);
      expect(await bench.app.client.notify({ eventId, eventData: 1 })).toEqual([]);
      await bench.called(runId, 1);
    });

    it('are not registered for a run that has ended', async () => {
      const eventId = freshEvent();
      const { runId } = await bench.runs(async (context) => context.run('one', () => 1));
      const refused = await bench.rest.post(`/v2/wait/${eventId}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          url: `${bench.app.url}/nowhere`,
          timeout: '10s',
          timeoutUrl: `${bench.app.url}/nowhere`,
          timeoutHeaders: { 'Upstash-Workflow-Runid': [runId], 'Upstash-Workflow-Init': ['false'] },
          step: { stepId: 2, stepName: 'late', stepType: 'Wait', concurrent: 1 },
        }),
      });
      expect(refused.status).toBe(400);
      expect(await waitersOf(eventId)).toEqual([]);
    });
  });
}
