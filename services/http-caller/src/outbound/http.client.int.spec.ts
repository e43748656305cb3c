import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { SystemClock } from '@stepwell/platform';
import type { Answer } from '../testing/endpoint';
import { Endpoint, answering, eventually } from '../testing/endpoint';
import { DestinationPolicy } from './destination.policy';
import type { AnswerRule, HttpAttempt, OutboundRequest, RequestBody } from './http-attempt';
import { HttpClient, bodyFor } from './http.client';

const KEEP_ALL = (): AnswerRule => ({ keeps: true, maxBodyBytes: 100_000, over: { raise: 'A_SETTING' } });
const DELIVERY = (status: number): AnswerRule => ({ keeps: status >= 300, maxBodyBytes: 1_000, over: 'cut' });

const bodyOf = (text: string): RequestBody => ({ pieces: [Buffer.from(text)], sizeBytes: Buffer.byteLength(text) });
const text = (attempt: HttpAttempt): string | undefined =>
  attempt.body === undefined ? undefined : Buffer.from(attempt.body).toString();

describe('HttpClient', () => {
  const client = new HttpClient({
    connectionsPerOrigin: 4,
    connectTimeoutMs: 2_000,
    policy: new DestinationPolicy({ allowPrivate: true, allow: [] }),
    clock: new SystemClock(),
  });
  const endpoints: Endpoint[] = [];

  const endpoint = async (answer: Answer): Promise<Endpoint> => {
    const started = await Endpoint.start(answer);
    endpoints.push(started);
    return started;
  };
  const send = async (url: string, request: Partial<Omit<OutboundRequest, 'url'>> = {}): Promise<HttpAttempt> => {
    const end = await client.send({
      url: new URL(url),
      method: 'POST',
      headers: [['content-type', 'application/json']],
      body: bodyOf('{}'),
      timeoutMs: 5_000,
      answer: KEEP_ALL,
      ...request,
    });
    return end.attempt;
  };

  afterEach(() => Promise.all(endpoints.splice(0).map((each) => each.stop())));
  afterAll(() => client.destroy());

  it('sends method, path, headers and body as given, and its own name', async () => {
    const app = await endpoint(answering(200, 'fine', { 'X-Resp': 'r' }));
    const attempt = await send(`${app.url}/a%2Fb?c=d&e=%20#fragment`, {
      method: 'PUT',
      headers: [
        ['x-one', '1'],
        ['x-one', '2'],
        ['Content-Type', 'text/plain'],
      ],
      body: bodyOf('exact "bytes" é'),
    });
    expect(attempt).toMatchObject({ status: 200 });
    expect(text(attempt)).toBe('fine');
    expect(attempt.headers).toContainEqual(['x-resp', 'r']);
    const [seen] = app.seen;
    expect(seen).toMatchObject({ method: 'PUT', path: '/app/a%2Fb?c=d&e=%20' });
    expect(seen?.body.toString()).toBe('exact "bytes" é');
    expect(seen?.headers).toMatchObject({
      'user-agent': 'Upstash-QStash',
      'content-length': String(Buffer.byteLength('exact "bytes" é')),
      host: `127.0.0.1:${app.port}`,
    });
    expect(seen?.rawHeaders.filter((_, at) => at % 2 === 1 && seen.rawHeaders[at - 1] === 'x-one')).toEqual(['1', '2']);
  });

  it('drops headers that belong to the connection or cannot be sent', async () => {
    const app = await endpoint(answering(200));
    const attempt = await send(app.url, {
      headers: [
        ['Host', 'evil'],
        ['content-length', '999'],
        ['Transfer-Encoding', 'chunked'],
        ['connection', 'upgrade'],
        ['upgrade', 'h2c'],
        ['keep-alive', 'timeout=1'],
        ['expect', '100-continue'],
        ['te', 'trailers'],
        ['bad name', 'x'],
        ['bad-value', 'a\r\nx-smuggled: 1'],
        ['beyond-latin', '✓'],
        ['good', 'yes'],
      ],
    });
    expect(attempt.status).toBe(200);
    const names = (app.seen[0]?.rawHeaders ?? []).filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(names.sort()).toEqual(['connection', 'content-length', 'good', 'host', 'user-agent']);
    expect(app.seen[0]?.headers.host).toBe(`127.0.0.1:${app.port}`);
  });

  it.each(['GET', 'HEAD'])('sends no body with %s', async (method) => {
    const app = await endpoint(answering(200));
    const body = bodyFor(method, bodyOf('not for you'));
    expect(await send(app.url, { method, body })).toMatchObject({ status: 200 });
    expect(app.seen[0]?.body).toHaveLength(0);
    expect(app.seen[0]?.headers['content-length']).toBeUndefined();
  });

  it('says how long an empty body is', async () => {
    const app = await endpoint(answering(200));
    await send(app.url, { body: { pieces: [], sizeBytes: 0 } });
    expect(app.seen[0]?.headers['content-length']).toBe('0');
  });

  it('writes a large body piece by piece, with its length, and says when it is gone', async () => {
    const app = await endpoint(answering(200));
    const pieces = Array.from({ length: 40 }, (_, at) => Buffer.alloc(100_000, at));
    const sent = jest.fn();
    const attempt = await send(app.url, { body: { pieces, sizeBytes: 4_000_000, sent } });
    expect(attempt.status).toBe(200);
    expect(app.seen[0]?.headers['content-length']).toBe('4000000');
    expect(app.seen[0]?.body.equals(Buffer.concat(pieces))).toBe(true);
    expect(sent).toHaveBeenCalled();
  });

  it('turns credentials of the URL into a header, unless there is one', async () => {
    const app = await endpoint(answering(200));
    const url = app.url.replace('http://', 'http://us%40er:pa%3Ass@');
    await send(url);
    await send(url, { headers: [['authorization', 'Bearer x']] });
    expect(app.seen.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`,
      'Bearer x',
    ]);
  });

  it.each([201, 204, 301, 302, 307, 400, 404, 429, 489, 500, 503])('takes %i for an answer', async (status) => {
    const app = await endpoint(answering(status, '', { location: 'http://127.0.0.1:1/', 'retry-after': '7' }));
    const attempt = await send(app.url);
    expect(attempt).toMatchObject({ status });
    expect(attempt.error).toBeUndefined();
    expect(attempt.headers).toContainEqual(['retry-after', '7']);
    expect(app.seen).toHaveLength(1);
  });

  it('keeps several values of a header apart', async () => {
    const app = await endpoint((_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']).end();
    });
    const { headers } = await send(app.url);
    expect(headers.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
  });

  it('reads a chunked answer to its end', async () => {
    const app = await endpoint(async (_request, response) => {
      for (const part of ['one ', 'two ', 'three']) {
        response.write(part);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      response.end();
    });
    expect(text(await send(app.url))).toBe('one two three');
  });

  it('passes over informational answers', async () => {
    const app = await endpoint((_request, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      response.writeHead(201).end('real');
    });
    expect(await send(app.url)).toMatchObject({ status: 201 });
  });

  it('keeps connections and makes no more of them than it may', async () => {
    const app = await endpoint(answering(200));
    for (let i = 0; i < 5; i += 1) await send(app.url);
    // The client library lets a connection rest for one turn of the event loop.
    expect(app.connections).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 20 }, () => send(app.url)));
    expect(app.connections).toBeLessThanOrEqual(4);
  });

  it('gives up at the deadline when nothing is answered', async () => {
    const app = await endpoint(() => undefined);
    const attempt = await send(app.url, { timeoutMs: 60 });
    expect(attempt.status).toBeUndefined();
    expect(attempt.error).toEqual({
      code: 'DELIVERY_TIMEOUT',
      message: expect.stringContaining('no answer within 0.06 s'),
    });
    expect(attempt.durationMs).toBeGreaterThanOrEqual(60);
  });

  it('gives up at the deadline when the answer does not end', async () => {
    const app = await endpoint((_request, response) => {
      response.write('begun');
    });
    const attempt = await send(app.url, { timeoutMs: 60 });
    expect(attempt.error).toMatchObject({ code: 'DELIVERY_TIMEOUT', message: expect.stringContaining('began') });
    expect(attempt.status).toBeUndefined();
  });

  it('gives up at the deadline while it waits for a connection', async () => {
    const app = await endpoint(() => undefined);
    const hanging = Array.from({ length: 4 }, () => send(app.url, { timeoutMs: 200 }));
    const attempt = await send(app.url, { timeoutMs: 50 });
    expect(attempt.error).toMatchObject({
      code: 'DELIVERY_TIMEOUT',
      message: expect.stringContaining('no connection'),
    });
    await Promise.all(hanging);
    expect(app.seen).toHaveLength(4);
  });

  it('reports a reset connection, before and within the answer', async () => {
    const before = await endpoint((_request, response) => {
      response.socket?.resetAndDestroy();
    });
    expect(await send(before.url)).toMatchObject({ error: { code: 'CONNECTION_FAILED' } });
    const within = await endpoint((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part', () => response.socket?.destroy());
    });
    const attempt = await send(within.url);
    expect(attempt.error).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('closed before'),
    });
    expect(attempt.status).toBeUndefined();
  });

  it('reports a refused connection and an unknown host with what to look at', async () => {
    const app = await endpoint(answering(200));
    await app.stop();
    expect((await send(app.url)).error).toEqual({
      code: 'CONNECTION_FAILED',
      message: `127.0.0.1:${app.port}: the connection was refused: is the application listening there, and reachable from the server? (ECONNREFUSED)`,
    });
    endpoints.splice(0);
    expect((await send('http://nowhere.invalid/')).error).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(/^nowhere\.invalid: the host name/),
    });
  });

  it('reports something that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const attempt = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(attempt.error).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('did not answer in HTTP'),
    });
    server.close();
  });

  it('reports a TLS connection to a server without one', async () => {
    const app = await endpoint(answering(200));
    expect(await send(app.url.replace('http:', 'https:'))).toMatchObject({ error: { code: 'CONNECTION_FAILED' } });
  });

  it('fails an answer over the limit, and one with enormous headers', async () => {
    const app = await endpoint(answering(200, 'x'.repeat(100_001)));
    const attempt = await send(app.url);
    expect(attempt.error).toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
      message: expect.stringContaining('100000 bytes'),
    });
    expect(attempt.status).toBeUndefined();
    const headers = await endpoint(answering(200, '', { 'x-huge': 'x'.repeat(20_000) }));
    expect((await send(headers.url)).error?.code).toBe('RESPONSE_TOO_LARGE');
    const exact = await endpoint(answering(200, 'x'.repeat(100_000)));
    expect((await send(exact.url)).body).toHaveLength(100_000);
  });

  it('does not read an endless answer to its end', async () => {
    const app = await endpoint((_request, response) => {
      let stopped = false;
      response.on('close', () => (stopped = true));
      const write = (): void => {
        if (!stopped) response.write('x'.repeat(10_000), () => setImmediate(write));
      };
      write();
    });
    expect((await send(app.url)).error?.code).toBe('RESPONSE_TOO_LARGE');
    expect(await send(app.url, { answer: DELIVERY })).toMatchObject({ status: 200 });
  });

  it('keeps nothing of a successful delivery and the beginning of a failed one', async () => {
    const success = await endpoint(answering(200, 'x'.repeat(500)));
    expect((await send(success.url, { answer: DELIVERY })).body).toBeUndefined();
    const failure = await endpoint(answering(500, 'y'.repeat(5_000)));
    const attempt = await send(failure.url, { answer: DELIVERY });
    expect(attempt).toMatchObject({ status: 500 });
    expect(text(attempt)).toBe('y'.repeat(1_000));
  });

  it('never throws, whatever the method', async () => {
    const app = await endpoint(answering(200));
    const attempt = await send(app.url, { method: 'NO SPACE' });
    expect(attempt.error).toMatchObject({ code: 'INVALID_DESTINATION', message: expect.stringContaining('method') });
  });

  describe('of a process that stood still', () => {
    /** Real time, which has jumped on. */
    class StoppedClock extends SystemClock {
      missedMs = 0;
      override monotonicMs(): number {
        return super.monotonicMs() + this.missedMs;
      }
    }
    const clock = new StoppedClock();
    const stopped = new HttpClient({
      connectionsPerOrigin: 4,
      connectTimeoutMs: 2_000,
      policy: new DestinationPolicy({ allowPrivate: true, allow: [] }),
      clock,
    });
    afterAll(() => stopped.destroy());
    const request = (url: string): OutboundRequest => ({
      url: new URL(url),
      method: 'POST',
      headers: [],
      body: bodyOf('{}'),
      timeoutMs: 60_000,
      answer: KEEP_ALL,
    });

    it('uses no connection from before, and what was under way goes on', async () => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let isHolding = false;
      const app = await endpoint(async (_request, response) => {
        if (isHolding) await held;
        response.end('done');
      });
      // Until a connection is used again: it is free only some turns after its answer.
      for (let before = -1; app.connections !== before;) {
        before = app.connections;
        await stopped.send(request(app.url));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const before = app.connections;
      const seen = app.seen.length;
      clock.missedMs += 18_000;
      await stopped.send(request(app.url));
      expect(app.connections).toBe(before + 1);

      isHolding = true;
      const underWay = stopped.send(request(app.url));
      await eventually(() => app.seen.length === seen + 2);
      clock.missedMs += 18_000;
      const next = stopped.send(request(app.url));
      release();
      const ended = { attempt: { status: 200 } };
      expect(await Promise.all([underWay, next])).toMatchObject([ended, ended]);
    });

    it('leaves them by itself, before the next request', async () => {
      let isLeft = false;
      const app = await endpoint((_request, response) => {
        response.socket?.once('close', () => (isLeft = true));
        response.end();
      });
      await stopped.send(request(app.url));
      clock.missedMs += 2_000;
      // Sooner than because it is idle.
      await eventually(() => isLeft, 3_000);
    });
  });
});
