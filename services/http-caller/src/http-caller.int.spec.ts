import { hostname } from 'node:os';
import { createHash } from 'node:crypto';
import { CallerUnderTest } from './testing/caller-under-test';
import { answering, eventually } from './testing/endpoint';

const claimsOf = (jwt: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('http-caller', () => {
  let test: CallerUnderTest;

  const start = async (...settings: Parameters<typeof CallerUnderTest.start>): Promise<void> => {
    test = await CallerUnderTest.start(...settings);
  };
  const metric = async (name: string): Promise<string[]> =>
    (await test.metrics.metrics()).split('\n').filter((line) => line.startsWith(name));
  /** Of how many items run-state was asked whether they are wanted; on a slow machine more than once each. */
  const askedAbout = (): number => new Set(test.runState.wantedAsks.map(({ messageId }) => messageId)).size;

  afterEach(() => test.stop());

  describe('deliveries', () => {
    it('sends what the item says, signed, and reports success without a body', async () => {
      await start();
      const app = await test.endpoint(
        answering(200, '{"finishCondition":"success"}', {
          'Upstash-Workflow-Sdk-Version': '1',
          'content-type': 'text/plain',
          'x-other': 'not kept',
        }),
      );
      // However slow this machine is, it is young.
      const work = test.delivery(app.url, { eventAt: Date.now() + 60_000 }, '[{"a":1}]');
      await test.deliver(work);
      await eventually(() => test.runState.deliveries.length === 1);
      const [seen] = app.seen;
      expect(seen).toMatchObject({ method: 'POST', headers: { 'upstash-workflow-runid': 'wfr_1' } });
      expect(seen?.body.toString()).toBe('[{"a":1}]');
      expect(claimsOf(seen?.headers['upstash-signature'])).toMatchObject({
        sub: app.url,
        body: createHash('sha256').update('[{"a":1}]').digest('base64url'),
      });
      const { runId, messageId, attempt } = work.head;
      expect(test.runState.deliveries).toEqual([
        {
          runId,
          messageId,
          attempt,
          outcome: {
            status: 200,
            headers: [
              ['upstash-workflow-sdk-version', '1'],
              ['content-type', 'text/plain'],
            ],
            durationMs: expect.any(Number),
          },
          waitedMs: expect.any(Number),
        },
      ]);
      expect(test.runState.wantedAsks).toEqual([]);
      expect(await metric('stepwell_http_calls_total')).toEqual([
        'stepwell_http_calls_total{class="step",outcome="success"} 1',
      ]);
    });

    it('reports how long a step waited until its request began, and of nothing else', async () => {
      await start();
      const app = await test.endpoint(answering(200));
      const waited = { eventAt: Date.now() - 60_000 };
      await test.deliver(test.delivery(app.url, waited));
      await test.deliver(test.delivery(app.url, { ...waited, kind: 'callback' }));
      await eventually(() => test.runState.deliveries.length === 2);
      const [step, callback] = [...test.runState.deliveries].sort((a, b) => a.messageId.localeCompare(b.messageId));
      expect(step?.waitedMs).toBeGreaterThanOrEqual(60_000);
      expect(callback?.waitedMs).toBeUndefined();
    });

    it('reports a failure with its headers and body', async () => {
      await start();
      const app = await test.endpoint(
        answering(489, '{"message":"no"}', { 'Upstash-NonRetryable-Error': 'true', 'x-a': 'b' }),
      );
      await test.deliver(test.delivery(app.url));
      await eventually(() => test.runState.deliveries.length === 1);
      const [report] = test.runState.deliveries;
      expect(report?.outcome.status).toBe(489);
      expect(report?.outcome.headers).toEqual(
        expect.arrayContaining([
          ['upstash-nonretryable-error', 'true'],
          ['x-a', 'b'],
        ]),
      );
      expect(report?.body?.toString()).toBe('{"message":"no"}');
    });

    it('signs the empty body of a GET', async () => {
      await start();
      const app = await test.endpoint(answering(200));
      await test.deliver(test.delivery(app.url, { method: 'GET' }, 'ignored'));
      await eventually(() => test.runState.deliveries.length === 1);
      expect(app.seen[0]?.body).toHaveLength(0);
      expect(claimsOf(app.seen[0]?.headers['upstash-signature'])['body']).toBe(
        createHash('sha256').update('').digest('base64url'),
      );
    });

    it('reports a forbidden and an impossible destination as outcomes', async () => {
      await start({ allowPrivate: false });
      await test.deliver(test.delivery('http://127.0.0.1:9/'));
      await test.deliver(test.delivery('not a url'));
      await test.deliver(test.delivery('ftp://example.com/'));
      await eventually(() => test.runState.deliveries.length === 3);
      expect(test.runState.deliveries.map(({ outcome }) => outcome.error?.code).sort()).toEqual([
        'DESTINATION_BLOCKED',
        'INVALID_DESTINATION',
        'INVALID_DESTINATION',
      ]);
      expect(await metric('stepwell_http_call_blocked_total')).toEqual([
        'stepwell_http_call_blocked_total{reason="loopback"} 1',
      ]);
    });

    it('gathers the reports of a partition into few asks', async () => {
      await start();
      const app = await test.endpoint(answering(200));
      await Promise.all(Array.from({ length: 100 }, () => test.deliver(test.delivery(app.url))));
      await eventually(() => test.runState.deliveries.length === 100);
      expect(test.runState.reportAsks).toBeLessThan(50);
    });

    it('drops a delivery whose run is gone', async () => {
      await start();
      const app = await test.endpoint(answering(200));
      const work = test.delivery(app.url, { segments: [{ entries: { from: 0, to: 3 } }] });
      await test.deliver(work);
      await eventually(() => test.runState.entryAsks.length === 1);
      await eventually(() => test.isAcknowledged(work));
      expect(app.seen).toEqual([]);
      expect(test.runState.deliveries).toEqual([]);
    });
  });

  describe('once and only once, as far as it can know (H2)', () => {
    it.each(['Deliver', 'CallOut'])('reports a finished %s again instead of doing it again', async (kind) => {
      await start();
      test.runState.silent = true;
      const app = await test.endpoint(answering(500, 'broken'));
      if (kind === 'Deliver') await test.deliver(test.delivery(app.url));
      else await test.callOut(test.call(app.url));
      // Given back after the patience, redelivered, and given back once more.
      await eventually(() => test.givenBack >= 2);
      expect(test.runState.deliveries.length + test.runState.calls.length).toBe(0);
      test.runState.silent = false;
      await eventually(() => test.runState.deliveries.length + test.runState.calls.length === 1, 20_000);
      expect(app.seen).toHaveLength(1);
      expect([...test.runState.deliveries, ...test.runState.calls][0]?.body?.toString()).toBe('broken');
    });

    it('joins a running request when the same effect comes again', async () => {
      await start();
      let answer = (): void => undefined;
      const app = await test.endpoint((_request, response) => {
        answer = () => response.end();
      });
      const work = test.delivery(app.url);
      const context = {
        effectId: work.head.effectId,
        queuedAt: 0,
        working: () => undefined,
        signal: new AbortController().signal,
      };
      const { deliveries } = test.first.parts;
      const both = [1, 2].map((deliveryCount) => deliveries.deliver(work, { ...context, deliveryCount }));
      await eventually(() => app.seen.length === 1);
      answer();
      await Promise.all(both);
      expect(app.seen).toHaveLength(1);
      expect(test.runState.deliveries).toHaveLength(1);
    });
  });

  it('knows of each attempt that is being made, since when and until when', async () => {
    await start();
    let answer = (): void => undefined;
    const app = await test.endpoint((_request, response) => {
      answer = () => response.end();
    });
    const work = test.delivery(app.url, { timeoutMs: 60_000 });
    const { running } = test.first.parts;
    expect(running.find(work.head)).toBeUndefined();
    const before = Date.now();
    await test.deliver(work);
    await eventually(() => app.seen.length === 1);
    const { host, since = 0, until = 0 } = running.find(work.head) ?? {};
    expect([host, since >= before, until - since]).toEqual([hostname(), true, 60_000]);
    expect(running.find({ ...work.head, attempt: 1 })).toBeUndefined();
    answer();
    await eventually(() => running.find(work.head) === undefined);
  });

  describe('places (H3)', () => {
    it('delivers to one origin while another floods and hangs', async () => {
      await start({ deliveryConcurrency: 8, connectionsPerOrigin: 8, queuePerOrigin: 10 });
      const hanging = await test.endpoint(() => undefined);
      const flood = Array.from({ length: 200 }, () => test.delivery(hanging.url, { timeoutMs: 60_000 }));
      for (const work of flood) await test.deliver(work);
      await eventually(() => hanging.seen.length === 4);
      const quick = await test.endpoint(answering(200));
      for (let i = 0; i < 20; i += 1) await test.deliver(test.delivery(quick.url));
      await eventually(() => quick.seen.length === 20);
      expect(hanging.seen.length).toBeLessThan(8);
    });

    it('delivers while calls take all the time they want', async () => {
      await start({ callConcurrency: 4, connectionsPerOrigin: 4 });
      const slow = await test.endpoint(() => undefined);
      for (let i = 0; i < 20; i += 1) await test.callOut(test.call(slow.url, { timeoutMs: 60_000 }));
      await eventually(() => slow.seen.length === 2);
      const app = await test.endpoint(answering(200));
      await test.deliver(test.delivery(app.url));
      await test.deliver(test.delivery(slow.url, { timeoutMs: 60_000 }));
      await eventually(() => app.seen.length === 1 && slow.seen.length === 3);
    });

    it('sees items again that did not fit into the queue', async () => {
      await start({ deliveryConcurrency: 1, queuePerOrigin: 2 });
      const app = await test.endpoint(answering(200));
      await Promise.all(Array.from({ length: 30 }, () => test.deliver(test.delivery(app.url))));
      await eventually(() => test.runState.deliveries.length === 30, 20_000);
      expect(app.seen).toHaveLength(30);
    });
  });

  describe('calls', () => {
    it('makes the call and reports the whole answer', async () => {
      await start();
      const answer = Buffer.from('x'.repeat(1_000_000));
      const third = await test.endpoint((_request, response) => {
        response.writeHead(201, [
          ['X-Resp', 'r'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ] as unknown as string[]);
        response.end(answer);
      });
      await test.callOut(test.call(third.url, { method: 'PUT', headers: [['authorization', 'Bearer key']] }, 'raw'));
      await eventually(() => test.runState.calls.length === 1);
      expect(third.seen[0]).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer key' } });
      expect(third.seen[0]?.body.toString()).toBe('raw');
      const [report] = test.runState.calls;
      expect(report?.outcome.status).toBe(201);
      expect(report?.outcome.headers).toEqual(
        expect.arrayContaining([
          ['x-resp', 'r'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ]),
      );
      expect(report?.body?.equals(answer)).toBe(true);
    });

    it('fetches a large request body, and refuses a too large answer', async () => {
      await start({ maxResponseBytes: 2_000 });
      const body = Buffer.alloc(3_000_000, 'b');
      test.runState.runs.set('wfr_1', [{ messageId: 'large', callType: 'toCallback', body, isBlob: true }]);
      const third = await test.endpoint(answering(200, 'x'.repeat(2_001)));
      await test.callOut(test.call(third.url, { body: { blob: { sha256: 'large', sizeBytes: body.byteLength } } }));
      await eventually(() => test.runState.calls.length === 1);
      expect(third.seen[0]?.body.equals(body)).toBe(true);
      expect(test.runState.calls[0]?.outcome).toMatchObject({ error: { code: 'RESPONSE_TOO_LARGE' } });
    });

    it('reports timeouts and lost connections, which the run is told about', async () => {
      await start();
      const hanging = await test.endpoint(() => undefined);
      const resetting = await test.endpoint((_request, response) => {
        response.socket?.destroy();
      });
      await test.callOut(test.call(hanging.url, { timeoutMs: 50 }));
      await test.callOut(test.call(resetting.url));
      await eventually(() => test.runState.calls.length === 2);
      expect(test.runState.calls.map(({ outcome }) => outcome.error?.code).sort()).toEqual([
        'CONNECTION_FAILED',
        'DELIVERY_TIMEOUT',
      ]);
    });
  });

  describe('the end of a process', () => {
    const shutDown = async (grace: AbortSignal): Promise<void> => {
      const { parts, bus } = test.first;
      for (const runner of parts.runners) runner.stopIntake();
      await bus.stopIntake();
      await Promise.all([...parts.runners.map((runner) => runner.finish(grace)), bus.drain(grace)]);
      await Promise.all(parts.clients.map((client) => client.destroy()));
      await bus.close();
    };

    it('lets what runs end and be reported; what waits goes to another process', async () => {
      await start({ deliveryConcurrency: 2 });
      const answers: (() => void)[] = [];
      const app = await test.endpoint((_request, response) => {
        answers.push(() => response.end());
      });
      for (let i = 0; i < 5; i += 1) await test.deliver(test.delivery(app.url));
      await eventually(() => answers.length === 1);
      const ended = shutDown(new AbortController().signal);
      const { parts } = await test.startCaller();
      await eventually(() => answers.length === 5);
      expect(parts.runners).toHaveLength(2);
      for (const answer of answers) answer();
      await ended;
      await eventually(() => test.runState.deliveries.length === 5);
      expect(app.seen).toHaveLength(5);
    });

    it('reports nothing of what the grace did not suffice for; another process does it again', async () => {
      await start();
      const app = await test.endpoint(() => undefined);
      await test.deliver(test.delivery(app.url));
      await eventually(() => app.seen.length === 1);
      const grace = new AbortController();
      const ended = shutDown(grace.signal);
      grace.abort();
      await ended;
      expect(test.runState.deliveries).toEqual([]);
      await test.startCaller();
      await eventually(() => app.seen.length === 2);
      expect(askedAbout()).toBe(1);
      expect(test.runState.deliveries).toEqual([]);
    });

    it('reports nothing any more once the grace is over, even if the answer still comes', async () => {
      await start();
      let answer = (): void => undefined;
      const app = await test.endpoint((_request, response) => {
        answer = () => response.end();
      });
      await test.deliver(test.delivery(app.url));
      await eventually(() => app.seen.length === 1);
      for (const runner of test.first.parts.runners) {
        runner.stopIntake();
        await runner.finish(AbortSignal.abort());
      }
      await test.first.bus.stopIntake();
      answer();
      await eventually(() => test.givenBack === 1);
      expect(test.runState.reportAsks).toBe(0);
    });

    it('loses nothing when it is killed', async () => {
      await start();
      let broken = true;
      const app = await test.endpoint((_request, response) => {
        if (!broken) response.end();
      });
      for (let i = 0; i < 10; i += 1) await test.deliver(test.delivery(app.url));
      await eventually(() => app.seen.length === 10);
      test.first.bus.kill();
      broken = false;
      await test.startCaller();
      await eventually(() => test.runState.deliveries.length === 10);
      expect(askedAbout()).toBe(10);
    });
  });
});
