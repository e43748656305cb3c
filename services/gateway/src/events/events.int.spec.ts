import { connect } from 'node:net';
import type { WaiterData } from '@stepwell/core';
import { asks, mailboxStream, message, partitionOf, runIdIn, runStream } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { CREATED_AT, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200, bodyLimitBytes: 100_000 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const post = async (path: string, body?: string): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(path, { method: 'POST', ...(body === undefined ? {} : { body }) });
  return [answer.status, await answer.json()];
};
const get = async (path: string): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(path);
  return [answer.status, await answer.json()];
};
const text = (body: Uint8Array | undefined): string | undefined => body && Buffer.from(body).toString();
const refused = (code: string): unknown => ({ error: expect.any(String) as string, code });

const waiterData: WaiterData = {
  seq: 7,
  messageId: 'msg_1.wfr_1',
  runId: 'wfr_1',
  runCreatedAt: CREATED_AT,
  url: 'http://app/api/wait',
  workflowUrl: 'http://app/api/workflow',
  deadlineAt: 1_900_000_000_999,
};
const headers = {
  'Upstash-Workflow-Runid': ['wfr_1'],
  'Upstash-Workflow-Url': ['http://app/api/workflow'],
  'Upstash-Workflow-Init': ['false'],
};
const waiter = {
  url: 'http://app/api/wait',
  deadline: 1_900_000_000,
  headers,
  timeoutUrl: 'http://app/api/wait',
  timeoutHeaders: headers,
};

describe('POST /v2/wait/{eventId} (8.4)', () => {
  const body = (changes: object = {}): string =>
    JSON.stringify({
      url: 'http://app/api/wait',
      timeout: '10s',
      timeoutUrl: 'http://app/api/wait',
      timeoutHeaders: { 'Upstash-Workflow-RunId': ['wfr_1'], 'Upstash-Feature-Set': ['LazyFetch'] },
      step: { stepId: 1, stepType: 'Wait', stepName: 'w1', concurrent: 1 },
      ...changes,
    });

  it('is submitted to the run that waits', async () => {
    expect(await post('/v2/wait/order/1%202', body())).toEqual([
      200,
      { messageId: expect.any(String) as string, workflowRunId: 'wfr_1', workflowCreatedAt: CREATED_AT },
    ]);
    const [ask] = gateway.bus.recorded(asks.Submit);
    expect(ask?.address).toEqual({ partition: partitionOf(runStream('wfr_1')) });
    expect(ask?.message.head).toMatchObject({
      runId: 'wfr_1',
      items: [{ kind: 'wait', eventId: 'order/1 2', timeoutMs: 10_000, step: { stepId: 1 }, body: 0 }],
    });
    expect(runIdIn(ask?.message.head.items[0]?.messageId ?? '')).toBe('wfr_1');
    expect(text(ask?.message.bodies[0])).toBe('{"stepId":1,"stepType":"Wait","stepName":"w1","concurrent":1}');
  });

  it.each<[string, string, number, string]>([
    ['e', '{', 400, 'INVALID_JSON'],
    ['e', body({ timeout: '9y' }), 412, 'QUOTA_EXCEEDED'],
    ['e', body({ timeoutHeaders: {} }), 400, 'INVALID_RUN_ID'],
    ['x'.repeat(513), body(), 400, 'INVALID_EVENT_ID'],
    ['%00', body(), 400, 'INVALID_EVENT_ID'],
  ])('refuses %.20s %s', async (id, sent, status, code) => {
    expect(await post(`/v2/wait/${id}`, sent)).toEqual([status, refused(code)]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each(['RUN_ENDED', 'UNKNOWN_RUN'] as const)('is 400 for a run that can’t wait any more: %s', async (code) => {
    gateway.bus.answer(asks.Submit, () => message({ refused: code }));
    expect(await post('/v2/wait/e', body())).toEqual([400, refused(code)]);
  });
});

describe('POST /v2/notify (8.5)', () => {
  it('goes to everybody who waits', async () => {
    gateway.bus.answer(asks.Notify, () => message({ notified: 1, waiters: [waiterData] }));
    expect(await post('/v2/notify/a%2Fb', '{"x": 1}')).toEqual([
      200,
      [
        {
          waiter,
          messageId: 'msg_1.wfr_1',
          deduplicated: false,
          workflowRunId: 'wfr_1',
          workflowCreatedAt: CREATED_AT,
        },
      ],
    ]);
    const [ask] = gateway.bus.recorded(asks.Notify);
    expect(gateway.bus.asked).toHaveLength(1);
    expect(ask?.address).toEqual({ partition: partitionOf(mailboxStream('a/b')) });
    expect(ask?.message.head).toEqual({
      eventId: 'a/b',
      noticeId: expect.any(String) as string,
      kind: 'event',
      body: 0,
    });
    expect(text(ask?.message.bodies[0])).toBe('{"x": 1}');
  });

  it('says that nobody waits, and may carry nothing', async () => {
    expect(await post('/v2/notify/e')).toEqual([200, []]);
    const [ask] = gateway.bus.recorded(asks.Notify);
    expect(ask?.message.head).not.toHaveProperty('body');
    expect(ask?.message.bodies).toEqual([]);
  });

  it('goes to one run after that has said that it lives', async () => {
    expect(await post('/v2/notify/wfr_1/e', 'x')).toEqual([200, []]);
    expect(gateway.bus.asked.map(({ name, address }) => [name, address])).toEqual([
      ['OpenMailbox', { partition: partitionOf(runStream('wfr_1')) }],
      ['Notify', { partition: partitionOf(mailboxStream('e')) }],
    ]);
    expect(gateway.bus.recorded(asks.OpenMailbox)[0]?.message.head).toEqual({ runId: 'wfr_1', eventId: 'e' });
    expect(gateway.bus.recorded(asks.Notify)[0]?.message.head).toMatchObject({ runId: 'wfr_1', eventId: 'e' });
  });

  it('knows an unknown run, and takes an ended one for one that does not wait', async () => {
    gateway.bus.answer(asks.OpenMailbox, () => message({ refused: 'UNKNOWN_RUN' }));
    expect(await post('/v2/notify/wfr_1/e', 'x')).toEqual([404, refused('UNKNOWN_RUN')]);
    gateway.bus.answer(asks.OpenMailbox, () => message({ refused: 'RUN_ENDED' }));
    expect(await post('/v2/notify/wfr_1/e', 'x')).toEqual([200, []]);
    expect(gateway.bus.recorded(asks.Notify)).toEqual([]);
  });

  it.each([
    ['/v2/notify/%00', 'INVALID_EVENT_ID'],
    ['/v2/notify/wfr_1/', 'INVALID_EVENT_ID'],
    ['/v2/notify/%00/e', 'INVALID_RUN_ID'],
  ])('refuses %s', async (path, code) => {
    expect(await post(path, 'x')).toEqual([400, refused(code)]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

describe('GET /v2/waiters/{eventId} (8.5)', () => {
  it('lists who waits', async () => {
    const other = { ...waiterData, timeoutUrl: 'http://app/late' };
    gateway.bus.answer(asks.ReadWaiters, () => message({ waiters: [waiterData, other] }));
    expect(await get('/v2/waiters/a/b%20c')).toEqual([200, [waiter, { ...waiter, timeoutUrl: 'http://app/late' }]]);
    expect(gateway.bus.asked).toMatchObject([
      { address: { partition: partitionOf(mailboxStream('a/b c')) }, message: { head: { eventId: 'a/b c' } } },
    ]);
  });

  it('is an empty list when nobody does', async () => {
    expect(await get('/v2/waiters/e')).toEqual([200, []]);
  });

  it('refuses ids that could be none', async () => {
    expect(await get(`/v2/waiters/${'x'.repeat(513)}`)).toEqual([400, refused('INVALID_EVENT_ID')]);
  });
});

describe('webhooks (8.6)', () => {
  const HOOK = '/v2/workflows/hooks/defaultUser/wfr_1/evt_1';
  /** As a third party: without a token of ours. */
  const call = (path: string, init: RequestInit = {}): Promise<Response> => fetch(gateway.url + path, init);
  const noticed = (): unknown => JSON.parse(text(gateway.bus.recorded(asks.Notify)[0]?.message.bodies[0]) ?? 'null');

  it('tell the run what came, as it came', async () => {
    const answer = await call(`${HOOK}?q=1&qstash_token=theirs`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain', Authorization: 'Bearer theirs', 'x-many': 'a' },
      body: 'hällo',
    });
    expect([answer.status, await answer.json()]).toEqual([200, {}]);
    expect(gateway.bus.asked.map(({ name }) => name)).toEqual(['OpenMailbox', 'Notify']);
    expect(gateway.bus.recorded(asks.Notify)[0]?.message.head).toMatchObject({
      eventId: 'evt_1',
      runId: 'wfr_1',
      kind: 'webhook',
    });
    expect(noticed()).toEqual({
      method: 'PUT',
      header: expect.objectContaining({
        'Content-Type': ['text/plain'],
        Authorization: ['Bearer theirs'],
        'X-Many': ['a'],
      }) as object,
      body: Buffer.from('hällo').toString('base64'),
      proto: 'http',
      host: `127.0.0.1:${gateway.port}`,
      url: `${HOOK}?q=1&qstash_token=theirs`,
    });
  });

  it.each(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND', 'PATCH'])(
    'take %s without a body',
    async (method) => {
      const answer = await call(HOOK, { method });
      expect(answer.status).toBe(200);
      expect(noticed()).toMatchObject({ method });
      expect(noticed()).not.toHaveProperty('body');
    },
  );

  it.each(['application/json', 'multipart/form-data; boundary=x', 'nonsense', '@@@;;', ''])(
    'take any body: %j',
    async (type) => {
      const body = Buffer.from([0, 255, 123, 10]);
      expect((await call(HOOK, { method: 'POST', headers: { 'content-type': type }, body })).status).toBe(200);
      expect(noticed()).toMatchObject({ body: body.toString('base64') });
    },
  );

  it.each([
    ['of nobody', '/v2/workflows/hooks/somebody/wfr_1/evt_1'],
    ['without an event', '/v2/workflows/hooks/defaultUser/wfr_1'],
    ['of no run there could be', '/v2/workflows/hooks/defaultUser/%00/evt_1'],
  ])('%s are not there', async (_what, path) => {
    const answer = await call(path, { method: 'POST', body: 'x' });
    expect([answer.status, await answer.json()]).toEqual([404, refused('NOT_FOUND')]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each(['UNKNOWN_RUN', 'RUN_ENDED'] as const)('are gone with their run: %s', async (code) => {
    gateway.bus.answer(asks.OpenMailbox, () => message({ refused: code }));
    const answer = await call(HOOK, { method: 'POST', body: 'x' });
    expect([answer.status, await answer.json()]).toEqual([404, refused(code)]);
    expect(gateway.bus.recorded(asks.Notify)).toEqual([]);
  });

  it('hold no more than any request', async () => {
    const answer = await call(HOOK, { method: 'POST', body: Buffer.alloc(200_000) });
    expect([answer.status, await answer.json()]).toEqual([413, refused('BODY_TOO_LARGE')]);
  });

  it.each(['TRACE', 'CONNECT'])('do not take %s, of which no Request can be made', async (method) => {
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.port, '127.0.0.1', () => {
        socket.write(`${method} ${HOOK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      });
      let received = '';
      socket.on('data', (data) => (received += data.toString()));
      socket.on('close', () => {
        resolve(received.split(' ')[1] ?? 'closed');
      });
      socket.on('error', reject);
    });
    expect(['401', 'closed']).toContain(status);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each(['user:pw@x', 'a b', 'x:99999999', '@'])('refuse the host %j, which would break the run', async (host) => {
    const answer = await gateway.app.getHttpAdapter().getInstance().inject({ url: HOOK, headers: { host } });
    expect(answer.statusCode).toBe(400);
    expect(gateway.bus.asked).toEqual([]);
  });

  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'hooks.example:8443' };

  it('believe no stranger where they were called', async () => {
    await call(HOOK, { method: 'POST', headers: forwarded });
    expect(noticed()).toMatchObject({ proto: 'http', host: `127.0.0.1:${gateway.port}` });
  });

  it('believe a proxy that is trusted', async () => {
    const behindProxy = await startGateway({ trustProxy: ['127.0.0.1'] });
    try {
      await fetch(`${behindProxy.url}${HOOK}`, { method: 'POST', headers: forwarded });
      const [ask] = behindProxy.bus.recorded(asks.Notify);
      expect(JSON.parse(text(ask?.message.bodies[0]) ?? '')).toMatchObject({
        proto: 'https',
        host: 'hooks.example:8443',
      });
    } finally {
      await behindProxy.close();
    }
  });
});
