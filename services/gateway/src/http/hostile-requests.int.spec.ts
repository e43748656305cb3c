import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { asks, message } from '@stepwell/core';
import fc from 'fast-check';
import type { GatewayUnderTest } from '../testing';
import { DEV_TOKEN, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 100, requestTimeoutMs: 1_000, trustProxy: ['127.0.0.1'] });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

/** Everything that comes back until the server closes the connection, or as soon as a whole answer is there. */
function exchange(text: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1');
    let received = '';
    socket.on('data', (data: Buffer) => {
      received += data.toString('latin1');
      const length = /content-length: (\d+)/i.exec(received);
      const bodyAt = received.indexOf('\r\n\r\n');
      if (length !== null && bodyAt >= 0 && received.length >= bodyAt + 4 + Number(length[1])) socket.destroy();
    });
    socket.on('close', () => {
      resolve(received);
    });
    socket.on('error', reject);
    socket.write(text);
  });
}

/** Says one after the other, each once something came back; everything that does until the server closes the connection. */
const conversation = (...texts: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1');
    const left = [...texts];
    let received = '';
    socket.on('data', (data: Buffer) => {
      received += data.toString('latin1');
      socket.write(left.shift() ?? '');
    });
    socket.on('close', () => {
      resolve(received);
    });
    socket.on('error', reject);
    socket.write(left.shift() ?? '');
  });
const statusesIn = (answers: string): number[] =>
  [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

const raw = (method: string, target: string, headers = '', body = ''): string =>
  `${method} ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${DEV_TOKEN}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
const RUN = 'Upstash-Workflow-Init: true\r\nUpstash-Workflow-Runid: wfr_1\r\n';
const statusOf = (answer: string): number => Number(answer.split(' ', 2)[1]);
const jsonOf = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('destinations on the wire', () => {
  it.each([
    'http://e.com/a?b=c&d=%20',
    'https://e.com//a//../b/./c',
    'http://e.com/%2F%2f%zz',
    'http://e.com/?redirect=http://f.com//x?y=z',
    'http://[::1]:3000/x#y',
    'http://e.com/a;b=c:d@e!f$g(h)*+,',
    'HTTP://E.com/%E2%82%AC',
    `http://e.com/${'x'.repeat(5_000)}`,
  ])('%.60s arrives as it was sent', async (destination) => {
    expect(statusOf(await exchange(raw('POST', `/v2/publish/${destination}`, RUN, 'payload')))).toBe(200);
    const [ask] = gateway.bus.recorded(asks.Submit);
    expect(ask?.message.head.items[0]?.destination).toBe(destination);
    expect(Buffer.from(ask?.message.bodies[0] ?? []).toString()).toBe('payload');
  });

  it.each(['', '/', 'nope', 'ftp://e.com', 'http://', '//e.com', 'http:e.com', 'javascript:alert(1)'])(
    '%j is no destination',
    async (destination) => {
      const answer = await exchange(raw('POST', `/v2/publish/${destination}`, RUN));
      expect([statusOf(answer), jsonOf(answer)]).toEqual([
        400,
        expect.objectContaining({ code: 'INVALID_DESTINATION' }),
      ]);
    },
  );
});

describe('a publish', () => {
  it('takes the body as bytes, whatever its type, and both spellings of the run id', async () => {
    const body = Buffer.from([0, 255, 10, 13, 0]);
    const answer = await gateway.request('/v2/publish/http://a/', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-nothing',
        'Upstash-Workflow-RunId': 'a',
        'upstash-workflow-init': 'true',
      },
      body,
    });
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ workflowRunId: 'a' })]);
    const [ask] = gateway.bus.recorded(asks.Submit);
    expect(Buffer.from(ask?.message.bodies[0] ?? []).equals(body)).toBe(true);
    expect(ask?.message.head.items[0]).toMatchObject({ contentType: 'application/x-nothing' });
  });

  it('joins a header that came twice, as Go sends its features', async () => {
    const twice = 'Upstash-Feature-Set: LazyFetch\r\nUpstash-Feature-Set: InitialBody\r\n';
    await exchange(raw('POST', '/v2/publish/http://a/', RUN + twice));
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.head.items[0]?.features).toEqual(['LazyFetch', 'InitialBody']);
  });

  it('knows its caller behind a proxy that is trusted', async () => {
    await exchange(raw('POST', '/v2/publish/http://a/', `${RUN}X-Forwarded-For: 192.0.2.7\r\n`));
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.head.items[0]).toMatchObject({ callerIp: '192.0.2.7' });
  });
});

describe('what is no request, or too much of one', () => {
  it.each<[string, string, number]>([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a bad length', 'POST /v2/batch HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v2/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['too many headers', `GET /v2/keys HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    ['no path', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    ['an expectation nobody can meet', raw('GET', '/v2/keys', 'Expect: miracles\r\n'), 417],
  ])('%s', async (_what, text, status) => {
    const answer = await exchange(text);
    expect(statusOf(answer)).toBe(status);
    expect(jsonOf(answer)).toEqual({ error: expect.any(String) as string, code: expect.any(String) as string });
  });

  it('a body that breaks after the answer gets no second one', async () => {
    const head = 'POST /v2/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n';
    expect(statusesIn(await conversation(head))).toEqual([401]);
  });

  it('a body that breaks before the answer gets one, also on a connection that had others', async () => {
    const head = `POST /v2/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${DEV_TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(statusesIn(await conversation(raw('GET', '/v2/liveness'), `${head}no length`))).toEqual([200, 400]);
  });

  it('a request that never ends is given up', async () => {
    const answer = await exchange(
      `POST /v2/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${DEV_TOKEN}\r\nContent-Length: 100\r\n\r\n[`,
    );
    expect(statusOf(answer)).toBe(408);
  }, 20_000);

  it.each(['/v2/batch', '/v2/publish/http://a/'])('20 MB to %s: 413, also without a length', async (path) => {
    const body = Buffer.alloc(20 * 1024 * 1024, ' ');
    const headers = { 'upstash-workflow-runid': 'a', 'upstash-workflow-init': 'true' };
    const answer = await gateway.request(path, { method: 'POST', headers, body });
    expect([answer.status, await answer.json()]).toEqual([413, expect.objectContaining({ code: 'BODY_TOO_LARGE' })]);
    const stream = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 20; sent += 1) controller.enqueue(new Uint8Array(1024 * 1024));
        controller.close();
      },
    });
    const chunked = await gateway.request(path, {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
    expect((await gateway.request('/v2/liveness')).status).toBe(200);
  });

  it('takes 9 MB', async () => {
    const body = 'x'.repeat(9 * 1024 * 1024);
    const headers = { 'upstash-workflow-runid': 'a', 'upstash-workflow-init': 'true' };
    expect((await gateway.request('/v2/publish/http://a/', { method: 'POST', headers, body })).status).toBe(200);
    expect(gateway.bus.recorded(asks.Submit)[0]?.message.bodies[0]?.byteLength).toBe(body.length);
  });

  it('20 MB without a token: 401', async () => {
    const body = Buffer.alloc(20 * 1024 * 1024);
    expect((await fetch(`${gateway.url}/v2/batch`, { method: 'POST', body })).status).toBe(401);
  });
});

describe('whatever a stranger sends', () => {
  const word = fc.constantFrom(
    'batch',
    'publish',
    'workflows',
    'runs',
    'events',
    'logs',
    'keys',
    'liveness',
    'wait',
    'waiters',
    'notify',
    'trigger',
    'messages',
    'hooks',
    'defaultUser',
    'resume',
    'callback',
    'msg_1.wfr_1',
    'dlq_1.wfr_1',
    'http://a/',
    '%zz',
    '%2F',
    '..',
    '',
    'wfr_1',
    'dlq',
  );
  const query = fc.dictionary(
    fc.constantFrom(
      'cancel',
      'workflowRunId',
      'workflowRunIds',
      'label',
      'count',
      'state',
      'qstash_token',
      'fromDate',
      '__proto__',
      'constructor',
      'x[]',
      'workflowRuns',
      'workflowUrl',
      'dlqIds',
      'messageIds',
      'messageId',
      'source',
    ),
    fc.oneof(fc.string(), fc.constantFrom('true', 'false', '1', 'RUN_FAILED', '-1', '1e9')),
    { maxKeys: 3 },
  );
  const header = fc.constantFrom(
    'upstash-workflow-runid',
    'upstash-workflow-init',
    'upstash-workflow-calltype',
    'upstash-delay',
    'upstash-retries',
    'upstash-label',
    'upstash-callback',
    'upstash-not-before',
    'upstash-timeout',
    'upstash-flow-control-key',
    'upstash-flow-control-value',
    'upstash-retry-delay',
    'upstash-workflow-invoke',
    'upstash-failure-callback',
    'content-type',
    '__proto__',
    'upstash-forward-x',
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('true', 'false', 'wfr_1', 'toCallback', 'step', '10s', '3', 'http://a/'),
  );
  const headers = fc.dictionary(header, value, { maxKeys: 6 });
  const item = fc.record(
    {
      destination: fc.oneof(fc.webUrl(), fc.string()),
      headers,
      body: fc.anything({ maxDepth: 3 }),
      queue: fc.option(fc.string()),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.array(item, { maxLength: 4 }).map((items) => JSON.stringify(items)),
    item.map((one) => JSON.stringify(one)),
    fc.json(),
    fc.string(),
  );
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'),
    path: fc.array(word, { maxLength: 5 }).map((words) => `/v2/${words.join('/')}`),
    query,
    headers,
    body,
    token: fc.constantFrom(DEV_TOKEN, DEV_TOKEN, DEV_TOKEN, 'wrong'),
  });

  it('is answered, and never with a fault', async () => {
    const server = gateway.app.getHttpAdapter().getInstance();
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query: parameters, headers: sent, body: payload, token }) => {
        const search = new URLSearchParams(parameters).toString();
        const answer = await server.inject({
          method: method as 'GET',
          url: `${path}${search === '' ? '' : `?${search}`}`,
          headers: { ...onOneLine(sent), authorization: `Bearer ${token}` },
          ...(method === 'GET' || method === 'HEAD' ? {} : { payload }),
        });
        expect([501, 503].includes(answer.statusCode) || answer.statusCode < 500).toBe(true);
        if (answer.statusCode >= 400 && method !== 'HEAD') {
          expect(answer.json()).toEqual({ error: expect.any(String) as string, code: expect.any(String) as string });
        }
      }),
      { numRuns: 500 },
    );
    expect(gateway.log.join('')).toBe('');
  }, 60_000);

  const onOneLine = (sent: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(sent).map(([name, text]) => [name, text.replace(/[^\t\x20-\x7e]/g, '')]));
});

it('does not take a client that hangs up for a fault', async () => {
  const patient = await startGateway({ patienceMs: 60_000 });
  patient.bus.silence(asks.ReadMessages);
  const client = new AbortController();
  const request = patient.request('/v2/workflows/runs/a', { signal: client.signal });
  while (patient.bus.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  client.abort();
  await expect(request).rejects.toThrow();
  const aborted = patient.bus.asked[0]?.options.signal;
  while (aborted?.aborted !== true) await new Promise((resolve) => setImmediate(resolve));
  expect((await patient.request('/v2/liveness')).status).toBe(200);
  expect(patient.log.join('')).toBe('');
  await patient.close();
});

it('says with every answer that its connection ends, once the process is to leave', async () => {
  const leaving = await startGateway();
  const connectionAfter = async (path: string): Promise<string | null> => {
    const answer = await leaving.request(path);
    expect(answer.status).toBe(200);
    return answer.headers.get('connection');
  };
  expect(await connectionAfter('/v2/liveness')).toBe('keep-alive');
  leaving.bus.answer(asks.ListRuns, () => {
    leaving.shutdown.leave();
    return message({ rows: [] });
  });
  expect(await connectionAfter('/v2/workflows/logs')).toBe('close');
  expect(await connectionAfter('/v2/liveness')).toBe('close');
  await leaving.close();
});

it('closes although clients keep connections open, asked or never', async () => {
  const other = await startGateway({ patienceMs: 100 });
  other.bus.silence(asks.ReadMessages);
  const neverAsked = connect(other.port, '127.0.0.1');
  await new Promise((resolve) => neverAsked.once('connect', resolve));
  await other.request('/v2/liveness');
  const waiting = other.request('/v2/workflows/runs/a');
  while (other.bus.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await other.close();
  expect((await waiting).status).toBe(503);
  expect(neverAsked.closed || (await ended(neverAsked))).toBe(true);
});

const ended = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.resume().once('close', () => {
      resolve(true);
    });
  });
