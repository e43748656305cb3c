import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { asks, message, NobodyAnswered } from '@stepwell/core';
import type { GatewayUnderTest } from '../testing';
import { DEV_TOKEN, startGateway } from '../testing';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 200, batchLimit: 2 });
});
afterAll(() => gateway.close());
beforeEach(() => {
  gateway.bus.reset();
});

interface Asked {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
}
interface Answered {
  readonly status: number | undefined;
  readonly headers: object;
  readonly json: unknown;
}

/** A length that isn't told is none for the routes in front: the router takes it (rule 1). */
function ask({ method, path, body = '' }: Asked, by: 'hot' | 'router'): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const framing = by === 'hot' ? { 'content-length': Buffer.byteLength(body) } : { 'transfer-encoding': 'chunked' };
    const headers = { authorization: `Bearer ${DEV_TOKEN}`, 'content-type': 'application/json', ...framing };
    const request = httpRequest(gateway.url + path, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { date: _date, ...rest } = response.headers;
        resolve({ status: response.statusCode, headers: rest, json: JSON.parse(Buffer.concat(chunks).toString()) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const requests = async (route: string): Promise<number> => {
  const { values } = (await gateway.metrics.getSingleMetric('stepwell_gateway_requests_total')?.get()) ?? {
    values: [],
  };
  return values.filter(({ labels }) => labels['route'] === route).reduce((sum, { value }) => sum + value, 0);
};

const step = (runId: string) => ({
  destination: 'http://app/api',
  headers: {
    'Upstash-Workflow-RunId': runId,
    'upstash-workflow-init': 'false',
    'upstash-workflow-url': 'http://app/api',
  },
  body: JSON.stringify({ stepId: 1, stepName: 's', stepType: 'Run', out: '1', concurrent: 1 }),
});
const batch = (body: unknown): Asked => ({ method: 'POST', path: '/v2/batch', body: JSON.stringify(body) });
const finish = (runId: string, body?: string): Asked => ({
  method: 'DELETE',
  path: `/v2/workflows/runs/${runId}?cancel=false`,
  ...(body === undefined ? {} : { body }),
});

describe('routes in front of the router', () => {
  it.each<[string, Asked]>([
    ['a step', batch([step('a')])],
    ['one item alone', batch(step('a'))],
    ['an empty batch', batch([])],
    ['an empty body', { method: 'POST', path: '/v2/batch' }],
    ['what is no JSON', { method: 'POST', path: '/v2/batch', body: '[' }],
    ['a batch that is too long', batch([step('a'), step('b'), step('c')])],
    ['a text where an item should be', batch(['x'])],
    ['an item without a destination', batch([{ headers: {} }])],
    ['headers that are numbers', batch([{ ...step('a'), headers: { x: 1 } }])],
    ['a queue', batch([{ ...step('a'), queue: 'q' }])],
    ['an item that is refused', batch([{ ...step('a'), headers: {} }])],
    ['a finish', finish('wfr_1', '{"a":1}')],
    ['a finish without a result', finish('wfr_1')],
    ['a finish of what can be no run', finish('%00')],
    ['a cancel', { method: 'DELETE', path: '/v2/workflows/runs/wfr_1' }],
  ])('answer to %s as the router does (rule 2)', async (_what, asked) => {
    gateway.bus.answer(asks.Submit, ({ message: { head } }) =>
      message({ runCreatedAt: 1, items: head.items.map(() => ({ messageId: 'msg', deduplicated: false })) }),
    );
    const [hot, routed] = [await ask(asked, 'hot'), await ask(asked, 'router')];
    expect([hot.status, hot.headers]).toEqual([routed.status, expect.objectContaining(withoutLength(routed))]);
    expect(routed.status).not.toBe(401);
    if (routed.status === 200) expect(hot.json).toEqual(routed.json);
    else expect(hot.json).toEqual({ code: (routed.json as { code: string }).code, error: expect.any(String) });
    const [first, second] = gateway.bus.asked.map((each) =>
      JSON.stringify({ ...each.message, address: each.address }).replace(/"(askId|messageId)":"[^"]*"/g, ''),
    );
    expect(first).toBe(second);
  });

  it.each<[string, Asked]>([
    ['a batch', batch([step('a')])],
    ['a finish', finish('wfr_1')],
  ])('say of %s what it was and how it ended when nobody answers', async (_what, asked) => {
    const nobody = (): never => {
      throw new NobodyAnswered('Any', 'nobody', 1);
    };
    gateway.bus.answer(asks.Submit, nobody);
    gateway.bus.answer(asks.FinishRun, nobody);
    const [hot, routed] = [await ask(asked, 'hot'), await ask(asked, 'router')];
    expect([hot.status, hot.json]).toEqual([503, { code: 'UNAVAILABLE', error: expect.any(String) }]);
    expect(hot.headers).toMatchObject({ 'retry-after': '1' });
    expect(routed.status).toBe(503);
  });

  it('are counted like the router’s', async () => {
    const before = await requests('/v2/batch');
    await ask(batch([step('a')]), 'hot');
    await ask(batch([step('a')]), 'router');
    while ((await requests('/v2/batch')) < before + 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await requests('/v2/batch')).toBe(before + 2);
  });

  it('leave who has no token to the router', async () => {
    const answer = await fetch(`${gateway.url}/v2/batch`, { method: 'POST', body: '[]' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('ask for nothing when the body doesn’t arrive in full', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(
      `POST /v2/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${DEV_TOKEN}\r\ncontent-length: 400\r\n\r\n[{"destination"`,
    );
    await once(socket, 'connect');
    socket.destroy();
    // Whatever the server makes of it, it has made by the time it answers somebody else.
    expect((await ask(batch([step('b')]), 'hot')).status).toBe(200);
    expect(gateway.bus.recorded(asks.Submit)).toHaveLength(1);
  });

  it('take a body in pieces', async () => {
    const body = JSON.stringify([step('a')]);
    const socket = connect(gateway.port, '127.0.0.1');
    await once(socket, 'connect');
    const head = `POST /v2/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${DEV_TOKEN}\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(head + body.slice(0, 40));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(body.slice(40));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    socket.destroy();
  });
});

describe('behind a proxy whose word counts', () => {
  it('the router takes everything: only it knows who called', async () => {
    const proxied = await startGateway({ trustProxy: ['127.0.0.1'] });
    try {
      const start = { ...step('a'), headers: { ...step('a').headers, 'upstash-workflow-init': 'true' } };
      const answer = await proxied.request('/v2/batch', {
        method: 'POST',
        headers: { 'x-forwarded-for': '203.0.113.7' },
        body: JSON.stringify([start]),
      });
      expect(answer.status).toBe(200);
      expect(proxied.bus.recorded(asks.Submit)[0]?.message.head.items).toMatchObject([{ callerIp: '203.0.113.7' }]);
    } finally {
      await proxied.close();
    }
  });
});

function withoutLength({ headers }: Answered): object {
  const { 'content-length': _length, ...rest } = headers as Record<string, string>;
  return rest;
}
