import { serve } from '@upstash/workflow';

/* During a rolling deployment the next delivery of a run may reach a replica that knows nothing of tails. */

const ENV = { QSTASH_URL: 'http://127.0.0.1:9', QSTASH_TOKEN: 'token' };

const step = (stepId: number): object => {
  const told = { stepId, stepName: `s${stepId}`, stepType: stepId === 0 ? 'Initial' : 'Run', out: '1', concurrent: 1 };
  return { messageId: `msg_${stepId}`, body: Buffer.from(JSON.stringify(told)).toString('base64'), callType: 'step' };
};

/** What the official client does with such a body: its status, and how far the workflow came. */
async function answered(body: unknown): Promise<{ status: number; payloads: unknown[] }> {
  const payloads: unknown[] = [];
  const { handler } = serve(
    (context) => {
      payloads.push(context.requestPayload);
      return Promise.resolve();
    },
    { receiver: undefined, env: ENV, qstashClient: { http: { request: () => Promise.resolve({}) } } as never },
  );
  const headers = {
    'upstash-workflow-runid': 'wfr_1',
    'upstash-workflow-sdk-version': '1',
    'upstash-message-id': 'msg_1',
  };
  const request = new Request('http://127.0.0.1:9/app', { method: 'POST', headers, body: JSON.stringify(body) });
  const { status } = await handler(request);
  return { status, payloads };
}

it('the official client refuses a tail, and would take a shorter list for a whole one', async () => {
  const entries = [step(1), step(2)];
  const log = jest.spyOn(console, 'error').mockReturnValue();
  expect(await answered({ omitted: 1, digest: 'x'.repeat(43), entries })).toEqual({ status: 500, payloads: [] });
  const misled = await answered(entries);
  expect(misled.payloads).toContainEqual(expect.objectContaining({ stepId: 1 }));
  log.mockRestore();
});
