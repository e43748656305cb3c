import { asks, message, partitionOf, runIdIn, runStream } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { CREATED_AT, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200, maxInvokeDepth: 2 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const post = async (
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(path, { method: 'POST', body, headers });
  return [answer.status, await answer.json()];
};
const refused = (code: string): unknown => ({ error: expect.any(String) as string, code });
const text = (body: Uint8Array | undefined): string => Buffer.from(body ?? []).toString();

describe('POST /v2/trigger/{url} (5.5)', () => {
  it('starts a run under an id of ours', async () => {
    const [status, json] = await post('/v2/trigger/http://app/api?x=/y', 'payload', { 'upstash-retries': '1' });
    const [ask] = gateway.bus.recorded(asks.Submit);
    const runId = ask?.message.head.runId ?? '';
    expect(runId).toMatch(/^wfr_[A-Za-z0-9_-]{21}$/);
    expect(ask?.address).toEqual({ partition: partitionOf(runStream(runId)) });
    expect([status, json]).toEqual([200, { workflowRunId: runId, workflowCreatedAt: CREATED_AT, deduplicated: false }]);
    expect(ask?.message.head.items).toMatchObject([
      { kind: 'start', restTrigger: 'assume', destination: 'http://app/api?x=/y', config: { retries: 1 } },
    ]);
    const [start] = ask?.message.head.items ?? [];
    expect(start?.messageId).toMatch(/^msg_[A-Za-z0-9_-]{16}\./);
    expect(runIdIn(start?.messageId ?? '')).toBe(runId);
    expect(text(ask?.message.bodies[0])).toBe('payload');
  });

  it('takes the caller’s id, and says when that was known', async () => {
    gateway.bus.answer(asks.Submit, () =>
      message({ runCreatedAt: 5, items: [{ messageId: 'msg_old', deduplicated: true }] }),
    );
    const sent = post('/v2/trigger/http://app/', '', { 'upstash-workflow-runid': 'wfr_mine' });
    expect(await sent).toEqual([200, { workflowRunId: 'wfr_mine', workflowCreatedAt: 5, deduplicated: true }]);
  });

  it('asks the library when the caller does not know it', async () => {
    await post('/v2/trigger/http://app/', '', { 'upstash-workflow-unknown-sdk': 'true' });
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.head.items).toMatchObject([{ restTrigger: 'ask' }]);
  });

  it.each(['nope', ''])('goes nowhere: %j', async (destination) => {
    expect(await post(`/v2/trigger/${destination}`, '')).toEqual([400, refused('INVALID_DESTINATION')]);
  });
});

describe('POST /v2/batch/trigger (5.5)', () => {
  const item = (runId?: string) => ({
    destination: 'http://app/api',
    headers: { 'Upstash-Forward-A': 'b', ...(runId === undefined ? {} : { 'upstash-workflow-runid': runId }) },
    body: { hello: 'wörld' },
  });

  it('starts a run per item', async () => {
    const [status, json] = await post('/v2/batch/trigger', JSON.stringify([item(), item('wfr_mine')]));
    const ids = gateway.bus.recorded(asks.Submit).map(({ message: { head } }) => head.runId);
    expect(ids).toEqual([expect.stringMatching(/^wfr_/), 'wfr_mine']);
    expect([status, json]).toEqual([
      201,
      ids.map((workflowRunId) => ({ workflowRunId, workflowCreatedAt: CREATED_AT, deduplicated: false })),
    ]);
    expect(text(gateway.bus.recorded(asks.Submit)[0]?.message.bodies[0])).toBe('{"hello":"wörld"}');
  });

  it('says in its place what could not be started, and fails when nothing could', async () => {
    const bad = { destination: 'nope' };
    expect(await post('/v2/batch/trigger', JSON.stringify([item('a'), bad]))).toEqual([
      201,
      [
        expect.objectContaining({ workflowRunId: 'a' }),
        expect.objectContaining({ code: 'INVALID_DESTINATION', status: 400 }),
      ],
    ]);
    expect(await post('/v2/batch/trigger', JSON.stringify([bad]))).toEqual([400, refused('INVALID_DESTINATION')]);
  });

  it('has no queues yet', async () => {
    expect(await post('/v2/batch/trigger', JSON.stringify([{ ...item('a'), queue: 'q' }]))).toEqual([
      501,
      refused('NOT_SUPPORTED'),
    ]);
  });

  it.each(['{', '5', '[{}]'])('refuses %s', async (body) => {
    expect((await post('/v2/batch/trigger', body))[0]).toBe(400);
  });
});

describe('an invoke (8.7)', () => {
  const headers = {
    'upstash-workflow-init': 'true',
    'upstash-workflow-invoke': 'true',
    'upstash-workflow-runid': 'wfr_child',
  };
  const body = JSON.stringify({
    body: 'for the child',
    headers: {},
    workflowRunId: 'wfr_parent',
    workflowUrl: 'http://app/parent',
    step: { stepId: 1, stepName: 'inv', stepType: 'Invoke', concurrent: 1 },
  });

  it('is submitted to the parent, with both bodies', async () => {
    expect((await post('/v2/publish/http://app/child', body, headers))[0]).toBe(200);
    const [ask] = gateway.bus.recorded(asks.Submit);
    expect(ask?.address).toEqual({ partition: partitionOf(runStream('wfr_parent')) });
    expect(ask?.message.head).toMatchObject({
      runId: 'wfr_parent',
      items: [{ kind: 'invoke', destination: 'http://app/parent', child: { destination: 'http://app/child' } }],
    });
    expect(ask?.message.bodies.map(text)).toEqual([
      '{"stepId":1,"stepName":"inv","stepType":"Invoke","concurrent":1}',
      'for the child',
    ]);
  });

  it('stands in a batch with the parent’s other steps, each with its own bodies', async () => {
    const step = {
      destination: 'http://app/parent',
      headers: { 'upstash-workflow-runid': 'wfr_parent' },
      body: '{"stepId":2,"stepName":"two","stepType":"Run","concurrent":1}',
    };
    const invoke = { destination: 'http://app/child', headers, body };
    expect((await post('/v2/batch', JSON.stringify([step, invoke, step])))[0]).toBe(200);
    const [ask, ...others] = gateway.bus.recorded(asks.Submit);
    expect(others).toEqual([]);
    expect(ask?.message.head.items).toMatchObject([{ body: 0 }, { body: 1, child: { body: 2 } }, { body: 3 }]);
    expect(text(ask?.message.bodies[2])).toBe('for the child');
    expect(text(ask?.message.bodies[3])).toBe(step.body);
  });

  it('is refused when too many invoke each other', async () => {
    const deep = { ...headers, 'upstash-forward-upstash-workflow-invoke-count': '3' };
    expect(await post('/v2/publish/http://app/child', body, deep)).toEqual([412, refused('QUOTA_EXCEEDED')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

it('of what begins a run, only what nobody waits for yet is shed (B4)', async () => {
  const busy = await startGateway({ patienceMs: 200, maxPending: 1 });
  try {
    busy.bus.silence(asks.FinishRun);
    const held = busy.request('/v2/workflows/runs/wfr_0?cancel=false', { method: 'DELETE' });
    while (busy.bus.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const start = { 'upstash-workflow-init': 'true', 'upstash-workflow-runid': 'wfr_1' };
    const statusOf = async (path: string, headers = {}): Promise<number> =>
      (await busy.request(path, { method: 'POST', headers })).status;
    expect(await statusOf('/v2/trigger/http://app/')).toBe(429);
    expect(await statusOf('/v2/publish/http://app/', start)).toBe(429);
    const bySdk = { ...start, 'upstash-workflow-trigger-by-sdk': 'true' };
    expect(await statusOf('/v2/publish/http://app/', bySdk)).toBe(200);
    expect(await statusOf('/v2/notify/e')).toBe(200);
    expect((await held).status).toBe(503);
  } finally {
    await busy.close();
  }
});
