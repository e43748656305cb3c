import { until } from '../until';
import type { Bench } from './bench';

/* Single messages of runs, and the list that a client fetches by itself (protocol.md 7.5, 13.2). */
export function messages(bench: Bench): void {
  /** A run whose second message waits for an hour. */
  const sleeping = async () => {
    const runId = await bench.app.begin(
      async (context) => {
        await context.run('one', () => 1);
        await context.sleep('long', '1h');
      },
      { body: 'payload', headers: { 'x-mine': 'yes' } },
    );
    const list = async () =>
      (await bench.rest.get(`/v2/workflows/runs/${runId}`)).json as {
        messageId: string;
        body: string;
        callType: string;
      }[];
    await until('it sleeps', async () => (await list()).length === 3);
    return { runId, list: await list() };
  };

  describe('the message list of a run', () => {
    it('is what a delivery would carry', async () => {
      const { runId, list } = await sleeping();
      const decoded = list.map(({ body }) => Buffer.from(body, 'base64').toString());
      expect(list.map(({ callType }) => callType)).toEqual(['step', 'step', 'step']);
      expect(decoded[0]).toBe('payload');
      expect(JSON.parse(decoded[1] ?? '')).toMatchObject({ stepId: 1, stepName: 'one', out: '1' });
      expect(JSON.parse(decoded[2] ?? '')).toMatchObject({ stepId: 2, stepName: 'long', stepType: 'SleepFor' });
      expect(list.slice(0, 2).map(({ messageId }) => messageId)).toEqual(
        bench.app.journal(runId).deliveries.map(({ headers }) => headers['upstash-message-id']),
      );
      await bench.app.client.cancel(runId);
      expect((await bench.rest.get(`/v2/workflows/runs/${runId}`)).status).toBe(404);
    });
  });

  describe('a message of a run', () => {
    it('is there until it was delivered', async () => {
      const { runId, list } = await sleeping();
      const pending = await bench.rest.get(`/v2/messages/${list[2]?.messageId}`);
      expect(pending).toMatchObject({
        status: 200,
        json: {
          messageId: list[2]?.messageId,
          url: expect.stringContaining(bench.app.url),
          method: 'POST',
          header: expect.objectContaining({ 'X-Mine': ['yes'] }),
          maxRetries: 3,
          notBefore: expect.any(Number),
          createdAt: expect.any(Number),
          callerIP: '127.0.0.1',
        },
      });
      const { notBefore, createdAt } = pending.json as { notBefore: number; createdAt: number };
      expect(notBefore - createdAt).toBeGreaterThan(3_590_000);
      expect((await bench.rest.get(`/v2/messages/${list[0]?.messageId}`)).status).toBe(404);
      expect((await bench.rest.get('/v2/messages/msg_unknown.wfr_unknown')).status).toBe(404);
      expect((await bench.rest.get('/v2/messages/nonsense')).status).toBe(404);
      await bench.app.client.cancel(runId);
      expect((await bench.rest.get(`/v2/messages/${list[2]?.messageId}`)).status).toBe(404);
    });

    it('can be called off, and its run with it', async () => {
      const { runId, list } = await sleeping();
      const path = `/v2/messages/${list[2]?.messageId}`;
      expect(await bench.rest.delete(path)).toMatchObject({ status: 200, json: { cancelled: 1 } });
      expect((await bench.app.ended(runId)).workflowState).toBe('RUN_CANCELED');
      expect((await bench.rest.delete(path)).status).toBe(404);
      await bench.called(runId, 2);
    });
  });
}
