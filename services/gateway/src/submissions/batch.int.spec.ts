import { asks, message, NobodyAnswered, partitionOf, runStream } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { CREATED_AT, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200, batchLimit: 50 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const step = (runId: string, stepId: number, headers: Record<string, string> = {}) => ({
  destination: 'http://app/api/seq',
  headers: {
    'content-type': 'application/json',
    'upstash-workflow-init': 'false',
    'Upstash-Workflow-RunId': runId,
    'upstash-workflow-url': 'http://app/api/seq',
    ...headers,
  },
  body: JSON.stringify({ stepId, stepName: `s${stepId}`, stepType: 'Run', out: '1', concurrent: 1 }),
});
const start = (runId: string, headers: Record<string, string> = {}) => ({
  ...step(runId, 0, { 'upstash-workflow-init': 'true', ...headers }),
  body: '{"hello":"wörld"}',
});

const batch = async (items: unknown): Promise<{ status: number; json: unknown; headers: Headers }> => {
  const answer = await gateway.request('/v2/batch', { method: 'POST', body: JSON.stringify(items) });
  return { status: answer.status, json: await answer.json(), headers: answer.headers };
};

describe('a batch', () => {
  it('is one ask per run, in order, to the partition of the run', async () => {
    const { status, json } = await batch([step('a', 1), start('b'), step('a', 2), step('a', 3)]);
    expect(status).toBe(200);
    const [a, b] = gateway.bus.recorded(asks.Submit);
    expect(a?.address).toEqual({ partition: partitionOf(runStream('a')) });
    expect(a?.message.head.runId).toBe('a');
    expect(a?.message.head.items.map((item) => item.kind === 'step' && item.step.stepId)).toEqual([1, 2, 3]);
    expect(a?.message.head.items.map((item) => Buffer.from(a.message.bodies[item.body] ?? []).toString())).toEqual(
      [1, 2, 3].map((stepId) => step('a', stepId).body),
    );
    expect(b?.message.head.items).toMatchObject([{ kind: 'start', callerIp: '127.0.0.1' }]);
    expect(Buffer.from(b?.message.bodies[0] ?? []).toString()).toBe('{"hello":"wörld"}');
    const ids = [...(a?.message.head.items ?? []), ...(b?.message.head.items ?? [])].map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(4);
    expect(json).toEqual([
      { messageId: ids[0], workflowRunId: 'a', workflowCreatedAt: CREATED_AT },
      { messageId: ids[3], workflowRunId: 'b', workflowCreatedAt: CREATED_AT },
      { messageId: ids[1], workflowRunId: 'a', workflowCreatedAt: CREATED_AT },
      { messageId: ids[2], workflowRunId: 'a', workflowCreatedAt: CREATED_AT },
    ]);
  });

  it('may be one item, and says when it was known already', async () => {
    gateway.bus.answer(asks.Submit, () =>
      message({ runCreatedAt: 5, items: [{ messageId: 'msg_old', deduplicated: true }] }),
    );
    expect((await batch(start('a'))).json).toEqual([
      { messageId: 'msg_old', workflowRunId: 'a', workflowCreatedAt: 5, deduplicated: true },
    ]);
  });

  it.each([
    [undefined, ''],
    ['', ''],
    ['text', 'text'],
    [{ q: 1 }, '{"q":1}'],
    [[1, null], '[1,null]'],
    [null, 'null'],
    [5, '5'],
    [true, 'true'],
  ])('takes a body of any JSON value: %j becomes %j', async (body, text) => {
    expect((await batch([{ ...start('a'), body }])).status).toBe(200);
    expect(Buffer.from(gateway.bus.recorded(asks.Submit)[0]?.message.bodies[0] ?? []).toString()).toBe(text);
  });

  it('answers a part that failed in its place, the others as if nothing had happened', async () => {
    gateway.bus.answer(asks.Submit, ({ message: { head } }) =>
      head.runId === 'ended'
        ? message({ refused: 'RUN_ENDED', message: 'gone' })
        : message({ runCreatedAt: 1, items: head.items.map(({ messageId }) => ({ messageId, deduplicated: false })) }),
    );
    const { status, json } = await batch([step('ended', 1), step('a', 1), { destination: 'http://x/' }]);
    expect(status).toBe(200);
    expect(json).toEqual([
      { error: 'gone', code: 'RUN_ENDED', status: 400 },
      expect.objectContaining({ workflowRunId: 'a' }),
      expect.objectContaining({ code: 'NOT_SUPPORTED', status: 501 }),
    ]);
  });

  it('records nothing of a run of which one item is bad', async () => {
    const { json } = await batch([step('a', 1), step('b', 1), step('a', 2, { 'upstash-delay': '9y' })]);
    expect(json).toEqual([
      expect.objectContaining({ code: 'QUOTA_EXCEEDED', status: 412 }),
      expect.objectContaining({ workflowRunId: 'b' }),
      expect.objectContaining({ code: 'QUOTA_EXCEEDED', status: 412 }),
    ]);
    expect(gateway.bus.recorded(asks.Submit).map((ask) => ask.message.head.runId)).toEqual(['b']);
  });

  it('answers with the status of the first failure when everything failed', async () => {
    const answer = await batch([
      step('a', 1, { 'upstash-retries': '1000000' }),
      start('b', { 'upstash-delay': 'soon' }),
    ]);
    expect(answer.status).toBe(412);
    expect(answer.json).toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it('tells a client that appends to an unknown run the same as for an ended one (7.4)', async () => {
    gateway.bus.answer(asks.Submit, () => message({ refused: 'UNKNOWN_RUN' }));
    expect((await batch([step('a', 1)])).status).toBe(400);
  });

  it('may be empty', async () => {
    expect(await batch([])).toMatchObject({ status: 200, json: [] });
  });

  it('has no queues yet, and keeps a run whole when one item is for one', async () => {
    const { status, json } = await batch([step('a', 1), { ...step('a', 2), queue: 'q' }]);
    expect([status, json]).toEqual([501, expect.objectContaining({ code: 'NOT_SUPPORTED' })]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each([
    ['not JSON', '{', 400, 'INVALID_JSON'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'INVALID_JSON'],
    ['nothing', undefined, 400, 'INVALID_BODY'],
    ['a number', '5', 400, 'INVALID_BODY'],
    ['no destination', '[{}]', 400, 'INVALID_BODY'],
    ['a destination that is no text', '[{"destination":5}]', 400, 'INVALID_BODY'],
    ['header values that are no text', '[{"destination":"http://a/","headers":{"a":{}}}]', 400, 'INVALID_BODY'],
    [
      'more items than allowed',
      JSON.stringify(new Array(51).fill({ destination: 'http://a/' })),
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'a body nested too deeply',
      `[{"destination":"http://a/","body":${'['.repeat(200_000)}${']'.repeat(200_000)}}]`,
      400,
      'INVALID_JSON',
    ],
    [
      'names of the language',
      '[{"destination":"nope","__proto__":{"queue":"q"},"headers":{"__proto__":"x","constructor":"y"}}]',
      501,
      'NOT_SUPPORTED',
    ],
  ])('refuses %s', async (_what, body, status, code) => {
    const answer = await gateway.request('/v2/batch', { method: 'POST', ...(body === undefined ? {} : { body }) });
    expect([answer.status, await answer.json()]).toEqual([status, { code, error: expect.any(String) as string }]);
    expect(Object.prototype).not.toHaveProperty('queue');
  });
});

describe('patience (B4)', () => {
  it('is over after its time: 503, and when to come again', async () => {
    gateway.bus.silence(asks.Submit);
    const { status, json, headers } = await batch([step('a', 1)]);
    expect([status, json]).toEqual([503, { error: expect.any(String) as string, code: 'UNAVAILABLE' }]);
    expect(headers.get('retry-after')).toBe('1');
    expect(gateway.bus.asked[0]?.options.patienceMs).toBe(200);
  });

  it('ends when the client hangs up', async () => {
    gateway.bus.silence(asks.Submit);
    const client = new AbortController();
    const request = gateway.request('/v2/batch', {
      method: 'POST',
      body: JSON.stringify([step('a', 1)]),
      signal: client.signal,
    });
    const ask = await recorded();
    expect(ask.options.signal?.aborted).toBe(false);
    const aborted = new Promise<void>((resolve) => {
      ask.options.signal?.addEventListener('abort', resolve);
    });
    client.abort();
    await expect(request).rejects.toThrow();
    await aborted;
  });

  it('sheds starts, and only them', async () => {
    await gateway.close();
    gateway = await startGateway({ patienceMs: 200, maxPending: 1 });
    gateway.bus.silence(asks.Submit);
    const held = batch([step('a', 1)]);
    await recorded();
    const shed = await batch([start('b')]);
    expect([shed.status, shed.json, shed.headers.get('retry-after')]).toEqual([
      429,
      { error: expect.any(String) as string, code: 'OVERLOADED' },
      '1',
    ]);
    const alsoHeld = await batch([step('c', 1)]);
    expect(alsoHeld.status).toBe(503);
    expect((await held).status).toBe(503);
  });

  it('sheds a request whole or not at all', async () => {
    await gateway.close();
    gateway = await startGateway({ patienceMs: 200, maxPending: 2 });
    const many = await batch(['a', 'b', 'c', 'd'].map((runId) => start(runId)));
    expect([many.status, (many.json as unknown[]).length]).toEqual([200, 4]);
    gateway.bus.silence(asks.Submit);
    const held = batch([step('e', 1), step('f', 1)]);
    while (gateway.bus.recorded(asks.Submit).length < 6) await new Promise((resolve) => setImmediate(resolve));
    expect(await batch([start('g'), start('h')])).toMatchObject({ status: 429, json: { code: 'OVERLOADED' } });
    expect(await batch([start('g'), step('i', 1)])).toMatchObject({ status: 503 });
    expect((await held).status).toBe(503);
    const asked = gateway.bus.recorded(asks.Submit).map(({ message: { head } }) => head.runId);
    expect(asked).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'i']);
  });

  it('of one item makes the whole answer 503: clients look at nothing else, and what comes again is recognised', async () => {
    gateway.bus.answer(asks.Submit, ({ message: { head } }) => {
      if (head.runId === 'a') throw new NobodyAnswered('Submit', 'a', 1);
      return message({
        runCreatedAt: 1,
        items: head.items.map(({ messageId }) => ({ messageId, deduplicated: false })),
      });
    });
    const { status, json, headers } = await batch([start('b'), start('a'), start('c')]);
    expect([status, json]).toEqual([503, { error: expect.any(String) as string, code: 'UNAVAILABLE' }]);
    expect(headers.get('retry-after')).toBe('1');
  });

  const recorded = async () => {
    for (;;) {
      const [ask] = gateway.bus.asked;
      if (ask) return ask;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
});
