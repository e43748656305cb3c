import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeliverItem, Message } from '@stepwell/core';
import { message } from '@stepwell/core';
import { CallerUnderTest } from './testing/caller-under-test';
import type { Answer, Endpoint, SeenRequest } from './testing/endpoint';
import { answering, eventually } from './testing/endpoint';
import type { LogEntry } from './testing/fake-run-state';
import { KeptHistories, createdAt, historyUpTo, keeping, sentEntry } from './testing/keeping-endpoint';

const RUN = 'wfr_1';
const WHOLE = { 'stepwell-history': 'whole' };

const logOf = (length: number): LogEntry[] =>
  Array.from({ length }, (_, at) => ({
    messageId: `msg_${at}.${RUN}`,
    callType: 'step',
    body: Buffer.from(`{"stepId":${at}}`),
    isBlob: false,
  }));

describe('deliveries to an endpoint that keeps the history', () => {
  let test: CallerUnderTest;
  let kept: KeptHistories;
  /** By message id of the delivery: what its endpoint worked with. */
  let worked: Map<string, string[]>;
  let log: LogEntry[];

  beforeEach(async () => {
    log = logOf(12);
    kept = new KeptHistories();
    worked = new Map();
    // Without a cache, so that whatever isn't sent isn't there either.
    test = await CallerUnderTest.start({ historyCacheBytes: 0 });
    test.runState.runs.set(RUN, log);
  });
  afterEach(() => test.stop());

  const keepingApp = (): Promise<Endpoint> =>
    test.endpoint(keeping(kept, (history, { headers }) => worked.set(String(headers['upstash-message-id']), history)));

  function step(url: string, to: number, changes: Partial<DeliverItem> = {}): Message<DeliverItem> {
    const { head, bodies } = historyUpTo(log, to, 1);
    const messageId = log[to]?.messageId ?? '';
    const headers: DeliverItem['headers'] = [
      ['upstash-message-id', messageId],
      ['upstash-workflow-runid', RUN],
      createdAt(1),
    ];
    const item = { ...head, messageId, headers, takesSteps: true, eventAt: Date.now() + 60_000, ...changes } as const;
    return message(test.delivery(url, item).head, bodies);
  }

  async function reported(...steps: Message<DeliverItem>[]) {
    const known = test.runState.deliveries.length;
    for (const each of steps) await test.deliver(each);
    await eventually(() => test.runState.deliveries.length === known + steps.length);
    return test.runState.deliveries.slice(known);
  }

  async function delivered(url: string, ...to: number[]): Promise<void> {
    for (const report of await reported(...to.map((each) => step(url, each)))) {
      expect(report).toMatchObject({ attempt: 0, outcome: { status: 200 }, steps: { items: [] } });
    }
    for (const each of to) {
      expect(worked.get(log[each]?.messageId ?? '')).toEqual(log.slice(0, each + 1).map(sentEntry));
    }
  }

  /** Of each request the first entry that was sent: 0 = it was whole. */
  const sentFrom = ({ seen }: { seen: readonly SeenRequest[] }): number[] =>
    seen.map(({ body }) => {
      const sent = JSON.parse(body.toString()) as unknown[] | { omitted: number };
      return Array.isArray(sent) ? 0 : sent.omitted;
    });

  const counted = async (): Promise<string[]> =>
    (await test.metrics.metrics()).split('\n').filter((line) => line.startsWith('stepwell_delivery_tails_total'));

  it('have what is new of it, signed as sent, and need nothing else', async () => {
    const app = await keepingApp();
    for (const to of [0, 1, 2, 5]) await delivered(app.url, to);
    expect(sentFrom(app)).toEqual([0, 1, 2, 3]);
    expect(test.runState.entryAsks).toEqual([{ runId: RUN, from: 3, to: 4 }]);
    const { body, headers } = app.seen[3]!;
    expect(JSON.parse(body.toString())).toEqual({
      omitted: 3,
      digest: expect.stringMatching(/^[\w-]{43}$/),
      entries: log.slice(3, 6).map((each) => JSON.parse(sentEntry(each)) as unknown),
    });
    const [, claims = ''] = String(headers['upstash-signature']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      body: createHash('sha256').update(body).digest('base64url'),
    });
    expect(await counted()).toEqual(['stepwell_delivery_tails_total{outcome="taken"} 3']);
  });

  it('are whole for whoever doesn’t say so, and for other kinds', async () => {
    const app = await test.endpoint(answering(200, '{"submissions":[]}', { 'stepwell-steps': 'inline' }));
    const official = await test.endpoint(answering(200, '', { 'stepwell-history': 'tail' }));
    for (const to of [0, 1, 2]) await reported(step(app.url, to), step(official.url, to));
    expect([sentFrom(app), sentFrom(official)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    const keeper = await keepingApp();
    await delivered(keeper.url, 3);
    const { takesSteps, ...unannounced } = step(keeper.url, 4).head;
    expect(takesSteps).toBe(true);
    await reported(message(unannounced, step(keeper.url, 4).bodies));
    expect(sentFrom(keeper)).toEqual([0, 0]);
  });

  it('have each its own slice when branches are side by side, late or made again (protocol.md 7.2)', async () => {
    const app = await keepingApp();
    await delivered(app.url, 2);
    await delivered(app.url, 3, 4, 5, 6, 7);
    await delivered(app.url, 9);
    await delivered(app.url, 4, 8, 2, 0);
    expect(await counted()).toEqual([expect.stringContaining('{outcome="taken"}')]);
    expect(app.seen).toHaveLength(11);
    expect(sentFrom(app).slice(-4).sort()).toEqual([0, 2, 4, 8]);
  });

  it('are whole at once for an endpoint that has lost it, within the same attempt', async () => {
    const app = await keepingApp();
    for (const to of [0, 1, 2]) await delivered(app.url, to);
    kept.clear();
    const asks = test.runState.reportAsks;
    for (const to of [3, 4]) await delivered(app.url, to);
    expect(sentFrom(app)).toEqual([0, 1, 2, 3, 0, 4]);
    expect(test.runState.reportAsks - asks).toBe(2);
    expect(new Set(app.seen.map(({ headers }) => headers['upstash-signature'])).size).toBe(6);
    expect((await counted()).sort()).toEqual([
      'stepwell_delivery_tails_total{outcome="refused"} 1',
      'stepwell_delivery_tails_total{outcome="taken"} 3',
    ]);
  });

  it('are whole when another process makes them', async () => {
    const app = await keepingApp();
    for (const to of [0, 1]) await delivered(app.url, to);
    test.first.bus.kill();
    await test.startCaller({ historyCacheBytes: 0 });
    for (const to of [2, 3]) await delivered(app.url, to);
    expect(sentFrom(app)).toEqual([0, 1, 0, 3]);
  });

  it('are whole after the run’s end', async () => {
    const end = { 'stepwell-steps': 'inline', 'stepwell-history': 'tail' };
    const app = await test.endpoint(answering(200, '{"finish":{}}', end));
    await reported(step(app.url, 0));
    await reported(step(app.url, 1));
    expect(sentFrom(app)).toEqual([0, 0]);
  });

  it('are whole where the run’s id was given to another run, or its step has another URL', async () => {
    const app = await keepingApp();
    await delivered(app.url, 4);
    const { head, bodies } = step(app.url, 5);
    const [id, run] = head.headers as [DeliverItem['headers'][number], DeliverItem['headers'][number]];
    await reported(message({ ...head, headers: [id, run, createdAt(2)] }, bodies));
    await delivered(`${app.url}/other`, 6);
    expect(sentFrom(app)).toEqual([0, 0, 0]);
  });

  describe('that doesn’t take what it is sent', () => {
    /** Takes a first delivery; whatever comes after that is answered so. */
    async function thenAnswering(...answers: Answer[]): Promise<Endpoint> {
      const takes = keeping(kept, () => undefined);
      const app = await test.endpoint((request, response) => (answers.shift() ?? takes)(request, response));
      answers.unshift(takes);
      await reported(step(app.url, 0));
      return app;
    }

    it('fails the attempt when it refuses the whole as well', async () => {
      const refuse = answering(409, 'no', WHOLE);
      const app = await thenAnswering(refuse, refuse);
      const [report] = await reported(step(app.url, 1));
      expect(report).toMatchObject({
        outcome: { status: 409, error: { code: 'HTTP_ERROR', message: expect.stringContaining('the whole history') } },
      });
      expect(sentFrom(app)).toEqual([0, 1, 0]);
    });

    it.each([
      ['a status alone', answering(409)],
      ['a header alone', answering(500, '', WHOLE)],
      ['what another kind of endpoint says', answering(500, 'body.map is not a function')],
    ])('is not believed for %s: that is a failed attempt, and the next is whole', async (_what, answer) => {
      const app = await thenAnswering(answer);
      const [report] = await reported(step(app.url, 1));
      expect(report?.outcome.error).toBeUndefined();
      expect(report?.outcome.status).toBeGreaterThanOrEqual(400);
      await reported(step(app.url, 1, { attempt: 1 }));
      expect(sentFrom(app)).toEqual([0, 1, 0]);
    });

    it('keeps it all the same when it says so while it fails', async () => {
      const app = await thenAnswering(answering(500, '', { 'stepwell-history': 'tail' }));
      await reported(step(app.url, 1));
      await reported(step(app.url, 1, { attempt: 1 }));
      expect(sentFrom(app)).toEqual([0, 1, 1]);
    });

    it('is sent nothing more of a run that nobody wants any more', async () => {
      const app = await thenAnswering((request, response) => {
        test.runState.wanted = false;
        return answering(409, '', WHOLE)(request, response);
      });
      await test.deliver(step(app.url, 1));
      await eventually(() => test.runState.wantedAsks.length === 1);
      for (const runner of test.first.parts.runners) await runner.finish(new AbortController().signal);
      expect(sentFrom(app)).toEqual([0, 1]);
      expect(test.runState.deliveries).toHaveLength(1);
    });

    it('is sent the whole later, by the same attempt, when nobody can be asked for it now', async () => {
      const app = await thenAnswering((request, response) => {
        test.runState.isAway = true;
        return answering(409, '', WHOLE)(request, response);
      });
      await test.deliver(step(app.url, 1));
      await eventually(() => test.givenBack > 0);
      expect(test.runState.deliveries).toHaveLength(1);
      test.runState.isAway = false;
      await eventually(() => test.runState.deliveries.length === 2);
      expect(test.runState.deliveries[1]).toMatchObject({ attempt: 0, outcome: { status: 200 } });
      expect(sentFrom(app)).toEqual([0, 1, 0]);
    });

    it('has one deadline for both', async () => {
      const app = await thenAnswering(
        async (request, response) => {
          await delay(200);
          await answering(409, '', WHOLE)(request, response);
        },
        () => undefined,
      );
      const [report] = await reported(step(app.url, 1, { timeoutMs: 600 }));
      expect(report?.outcome.error?.code).toBe('DELIVERY_TIMEOUT');
      const [, leftS] = /within ([\d.]+) s/.exec(report?.outcome.error?.message ?? '') ?? [];
      expect(Number(leftS)).toBeLessThanOrEqual(0.45);
      expect(report?.outcome.durationMs).toBeGreaterThanOrEqual(550);
      expect(app.seen).toHaveLength(3);
    });

    it('takes no memory for a whole that isn’t sent', async () => {
      log[0] = { ...logOf(1)[0]!, body: Buffer.alloc(400_000, ' ') };
      await test.stop();
      // Room for one such history, not for two.
      test = await CallerUnderTest.start({ assemblyBytes: 1024 * 1024 });
      const app = await thenAnswering((request, response) => {
        test.runState.wanted = false;
        return answering(409, '', WHOLE)(request, response);
      });
      test.runState.runs.set(RUN, log);
      await test.deliver(step(app.url, 1));
      await eventually(() => test.runState.wantedAsks.length === 1);
      await reported(step(app.url, 0));
      expect(sentFrom(app)).toEqual([0, 1, 0]);
    });
  });
});
