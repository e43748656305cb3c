import { asks, message } from '@stepwell/core';
import type { RunRow } from '@stepwell/core';
import { DEV_CREDENTIALS } from './gateway.config';
import type { GatewayUnderTest } from './testing';
import { loggedRun, startGateway } from './testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

const ask = async (path: string, init: RequestInit = {}): Promise<[status: number, json: unknown]> => {
  const answer = await gateway.request(path, init);
  return [answer.status, await answer.json()];
};
const refused = (code: string): unknown => ({ error: expect.any(String) as string, code });
const text = (body: Uint8Array | undefined): string | undefined => body && Buffer.from(body).toString();

describe('GET /v2/workflows/runs/{id} (7.5)', () => {
  it('gives the run’s messages as its owner wrote them', async () => {
    const json = '[{"messageId":"msg_1","body":"e30=","callType":"step"}]';
    gateway.bus.answer(asks.ReadMessages, () => message({ json: 0 }, [Buffer.from(json)]));
    const answer = await gateway.request('/v2/workflows/runs/wfr_1');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.text()).toBe(json);
    expect(gateway.bus.recorded(asks.ReadMessages)[0]?.message.head).toEqual({ runId: 'wfr_1' });
  });

  it('is 404 when the run has ended', async () => {
    gateway.bus.answer(asks.ReadMessages, () => message({ refused: 'UNKNOWN_RUN' }));
    expect(await ask('/v2/workflows/runs/wfr_1')).toEqual([404, refused('UNKNOWN_RUN')]);
  });

  it.each([
    ['wfr_a%2Fb', 'wfr_a/b'],
    ['wfr_a/b', 'wfr_a/b'],
    ['wfr_%zz', 'wfr_%zz'],
    ['a%20b%3Fc?x=%zz', undefined],
    ['%252F', '%2F'],
    ['..%2f', '../'],
    ['x'.repeat(500), 'x'.repeat(500)],
  ])('takes the id of %s', async (path, runId) => {
    await ask(`/v2/workflows/runs/${path}`);
    const [first] = gateway.bus.recorded(asks.ReadMessages);
    expect(first?.message.head.runId).toBe(runId ?? 'a b?c');
  });

  it.each(['%00', 'ü', 'x'.repeat(513)])('refuses an id that could be none: %s', async (id) => {
    expect(await ask(`/v2/workflows/runs/${id}`)).toEqual([400, refused('INVALID_RUN_ID')]);
  });
});

describe('DELETE /v2/workflows/runs/{id} (7.8, 8.8)', () => {
  const remove = (query: string, body?: string) =>
    ask(`/v2/workflows/runs/wfr_1${query}`, { method: 'DELETE', ...(body === undefined ? {} : { body }) });

  it('finishes with the bytes of the result', async () => {
    expect(await remove('?cancel=false', '{"ok": "ü" }')).toEqual([200, {}]);
    const [finish] = gateway.bus.recorded(asks.FinishRun);
    expect(finish?.message.head).toEqual({ runId: 'wfr_1', result: 0 });
    expect(text(finish?.message.bodies[0])).toBe('{"ok": "ü" }');
  });

  it('finishes without one', async () => {
    expect(await remove('?cancel=false')).toEqual([200, {}]);
    expect(gateway.bus.recorded(asks.FinishRun)[0]?.message).toEqual({ head: { runId: 'wfr_1' }, bodies: [] });
  });

  it.each([
    ['?cancel=true', true, 1],
    ['', true, 1],
    ['?cancel=true', false, 0],
  ])('cancels with %j: %s', async (query, cancelled, count) => {
    gateway.bus.answer(asks.CancelRun, () => message({ cancelled }));
    expect(await remove(query)).toEqual([200, { cancelled: count }]);
    expect(gateway.bus.recorded(asks.FinishRun)).toEqual([]);
  });

  it('says that a run to cancel is unknown', async () => {
    gateway.bus.answer(asks.CancelRun, () => message({ refused: 'UNKNOWN_RUN' }));
    expect(await remove('?cancel=true')).toEqual([404, refused('UNKNOWN_RUN')]);
  });

  it.each(['?cancel=maybe', '?cancel=true&cancel=false', '?cancle=false'])('refuses %s', async (query) => {
    expect(await remove(query)).toEqual([400, refused('INVALID_QUERY')]);
    expect(gateway.bus.asked).toEqual([]);
  });
});

describe('GET /v2/workflows/events and /logs (11)', () => {
  const row = (runId: string): RunRow => ({
    runId,
    partition: 0,
    version: 1,
    status: 'running',
    url: 'http://a/',
    host: 'a',
    path: '/',
    workflow: 'a',
    labels: [],
    callerIp: '',
    createdAt: 1,
  });

  it.each(['/v2/workflows/events?groupBy=workflowRunId', '/v2/workflows/logs'])('lists runs: %s', async (path) => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [row('b'), row('gone'), row('a')], cursor: 'c"1' }));
    gateway.bus.answer(asks.ReadRunLog, ({ message: { head } }) =>
      head.runId === 'gone'
        ? message({ refused: 'UNKNOWN_RUN' })
        : message({ json: 0 }, [Buffer.from(JSON.stringify(loggedRun(head.runId)))]),
    );
    expect(await ask(path)).toEqual([200, { cursor: 'c"1', runs: [loggedRun('b'), loggedRun('a')] }]);
    expect(gateway.bus.recorded(asks.ReadRunLog)[0]?.message.head).toEqual({ runId: 'b', trimBody: false });
    expect(gateway.bus.recorded(asks.ListRuns)[0]).toMatchObject({
      address: 'any',
      message: { head: { filter: {}, count: 10 } },
    });
  });

  it('has an empty cursor at the end', async () => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [] }));
    expect(await ask('/v2/workflows/logs')).toEqual([200, { cursor: '', runs: [] }]);
  });

  it.each<[string, object]>([
    ['workflowRunId=wfr_1', { filter: { runIds: ['wfr_1'] } }],
    ['workflowRuns=a@17,b@18', { filter: { runIds: ['a', 'b'] } }],
    ['workflowUrl=http%3A%2F%2Fa%2F%3Fb', { filter: { workflowUrl: 'http://a/?b' } }],
    ['state=RUN_CANCELED', { filter: { status: 'cancelled' } }],
    ['waitingFor=event', { filter: { waitingFor: 'event' } }],
    ['label=a&label=b,c', { filter: { labels: ['a', 'b', 'c'] } }],
    ['fromDate=1700000000000&toDate=1800000000000', { filter: { fromMs: 1.7e12, toMs: 1.8e12 } }],
    ['callerIp=%3A%3A1&flowControlKey=k', { filter: { callerIp: '::1', flowControlKey: 'k' } }],
    ['workflowCreatedAt=5', { filter: { createdAt: 5 } }],
    ['count=3&cursor=c', { count: 3, cursor: 'c' }],
    ['count=500', { count: 10 }],
    ['count=500&trimBody=true', { count: 100 }],
    [`messageId=msg_1.wfr_1`, { filter: { runIds: ['wfr_1'] } }],
    [`messageId=msg_1.wfr_1&workflowRuns=wfr_1@5,b@6`, { filter: { runIds: ['wfr_1'] } }],
    ['workflowUrl=http%3A%2F%2Fa%2F%2Cb', { filter: { workflowUrl: 'http://a/,b' } }],
    ['callerIp=a&callerIp=b', { filter: { callerIp: ['a', 'b'] } }],
    ['host=a%3A80&path=%2Fb', { filter: { host: 'a:80', path: '/b' } }],
    ['cursor=&qstash_token=x', { filter: {}, count: 10 }],
  ])('understands %s', async (query, asked) => {
    gateway.bus.answer(asks.ListRuns, () => message({ rows: [] }));
    expect((await ask(`/v2/workflows/logs?${query}`))[0]).toBe(200);
    expect(gateway.bus.recorded(asks.ListRuns)[0]?.message.head).toMatchObject(asked);
  });

  it.each(['messageId=msg_1', 'messageId=msg_1.wfr_1&workflowRunId=wfr_2'])('finds nothing by %s', async (query) => {
    expect(await ask(`/v2/workflows/logs?${query}`)).toEqual([200, { cursor: '', runs: [] }]);
    expect(gateway.bus.asked).toEqual([]);
  });

  it.each([
    'labeel=x',
    'label=',
    'workflowUrl=',
    'count=0',
    'count=ten',
    'count=1&count=2',
    'state=DONE',
    'waitingFor=godot',
    'waitingFor=event&waitingFor=sleep',
    'state=RUN_FAILED&state=RUN_SUCCESS',
    'fromDate=yesterday',
    'groupBy=messageId',
    'trimBody=1',
    'workflowRunId[]=x',
    'workflowRunId=a&workflowRunId=b',
  ])('refuses %s', async (query) => {
    expect(await ask(`/v2/workflows/events?${query}`)).toEqual([400, refused('INVALID_QUERY')]);
  });
});

describe('keys and liveness', () => {
  it('tells the signing keys to who has the token', async () => {
    expect(await ask('/v2/keys')).toEqual([
      200,
      { current: DEV_CREDENTIALS.currentKey, next: DEV_CREDENTIALS.nextKey },
    ]);
  });

  it('says to anybody that it lives', async () => {
    expect((await fetch(`${gateway.url}/v2/liveness`)).status).toBe(200);
  });
});

describe('who may come in', () => {
  const tokens = ['', 'Bearer', 'Bearer ', 'Bearer wrong', 'Basic eA==', DEV_CREDENTIALS.tokens[0] ?? ''];
  const paths = [
    '/v2/batch',
    '/v2/publish/http://a/',
    '/v2/keys',
    '/v2/workflows/logs',
    '/v2/workflows/runs/a',
    '/v2/dlq',
    '/v2/trigger/http://a/',
    '/v2/wait/e',
    '/v2/notify/e',
    '/v2/waiters/e',
    '/v2/messages/m',
    '/v2/workflows/dlq/d',
    '/v1/runs/a/explain',
    '/v1/anything',
    '/v2/workflows/hooks',
    '/v2/workflows/hooks/',
    '/%762/keys',
    '/v2/%6Beys',
  ];

  it.each(paths)('nobody without the token at %s, however the path is spelt', async (path) => {
    for (const authorization of tokens) {
      const answer = await fetch(gateway.url + path, {
        method: /batch|publish|trigger|wait.e|notify/.test(path) ? 'POST' : 'GET',
        headers: { authorization },
      });
      expect([answer.status, await answer.json()]).toEqual([401, refused('UNAUTHORIZED')]);
    }
    expect(gateway.bus.asked).toEqual([]);
  });

  it('takes the token from the query, too, and never sends it on', async () => {
    const token = encodeURIComponent(DEV_CREDENTIALS.tokens[0] ?? '');
    expect((await fetch(`${gateway.url}/v2/keys?qstash_token=${token}`)).status).toBe(200);
    const answer = await fetch(`${gateway.url}/v2/publish/http://a/?x=1&qstash_token=${token}&y=2`, {
      method: 'POST',
      headers: { 'upstash-workflow-runid': 'a', 'upstash-workflow-init': 'true' },
    });
    expect(answer.status).toBe(200);
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.head.items[0]?.destination).toBe('http://a/?x=1&y=2');
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', '/v2/batch', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['GET', '/v2/publish/http://a/', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['POST', '/v2/workflows/runs/a', 405, 'METHOD_NOT_ALLOWED', 'GET, DELETE'],
    ['PUT', '/v2/keys', 405, 'METHOD_NOT_ALLOWED', 'GET'],
    ['POST', '/v1/runs/a/explain', 405, 'METHOD_NOT_ALLOWED', 'GET'],
    ['GET', '/v1/runs', 404, 'NOT_FOUND', null],
    ['GET', '/v1/runs/a/b/explain', 404, 'NOT_FOUND', null],
    ['GET', '/v2/trigger/http://a/%zz//', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['DELETE', '/v2/wait/event', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['POST', '/v2/wait/', 404, 'NOT_FOUND', null],
    ['POST', '/v2/workflows/hooks/', 404, 'NOT_FOUND', null],
    ['PROPFIND', '/v2/keys', 405, 'METHOD_NOT_ALLOWED', 'GET'],
    ['POST', '/v2/enqueue/q/http://a/', 501, 'NOT_SUPPORTED', null],
    ['GET', '/v2/dlq', 501, 'NOT_SUPPORTED', null],
    ['DELETE', '/v2/dlq?dlqIds=a', 501, 'NOT_SUPPORTED', null],
    ['GET', '/v2/dlq/dlq_1', 501, 'NOT_SUPPORTED', null],
    ['GET', '/v2/workflows/dlq/resume', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['DELETE', '/v2/workflows/dlq/restart/d', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['GET', '/v2/workflows/dlq/callback/d', 405, 'METHOD_NOT_ALLOWED', 'POST, DELETE'],
    ['POST', '/v2/workflows/dlq/d', 405, 'METHOD_NOT_ALLOWED', 'GET, DELETE'],
    ['GET', '/v2/messages', 405, 'METHOD_NOT_ALLOWED', 'DELETE'],
    ['POST', '/v2/messages/m', 405, 'METHOD_NOT_ALLOWED', 'GET, DELETE'],
    ['GET', '/v2/messages/', 404, 'NOT_FOUND', null],
    ['POST', '/v2/keys/rotate', 501, 'NOT_SUPPORTED', null],
    ['GET', '/v2/nothing', 404, 'NOT_FOUND', null],
    ['GET', '/nothing', 404, 'NOT_FOUND', null],
    ['GET', '/v2//keys', 404, 'NOT_FOUND', null],
    ['GET', '/v2/%zz', 404, 'NOT_FOUND', null],
    ['OPTIONS', '/v2/keys', 405, 'METHOD_NOT_ALLOWED', 'GET'],
  ])('%s %s is %d', async (method, path, status, code, allow) => {
    const answer = await gateway.request(path, { method });
    expect([answer.status, await answer.json()]).toEqual([status, refused(code)]);
    expect(answer.headers.get('allow')).toBe(allow);
  });
});

it('counts requests by route, without ids or URLs', async () => {
  await gateway.request('/v2/workflows/runs/secret-id');
  const metrics = await gateway.metrics.metrics();
  expect(metrics).toMatch(
    /stepwell_gateway_requests_total\{route="\/v2\/workflows\/runs\/-",method="GET",status="404"/,
  );
  expect(metrics).toMatch(/stepwell_gateway_request_duration_seconds_bucket/);
  expect(metrics).not.toContain('secret-id');
});

it('keeps the text of a fault to itself, and logs it', async () => {
  gateway.bus.answer(asks.ReadMessages, () => {
    throw new Error('inner workings');
  });
  const [status, body] = await ask('/v2/workflows/runs/a');
  expect([status, body]).toEqual([500, refused('INTERNAL')]);
  expect(JSON.stringify(body)).not.toContain('inner');
  expect(gateway.log.join('')).toContain('inner workings');
});
