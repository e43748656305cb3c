import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeliverItem } from '@stepwell/core';
import { CallerUnderTest } from './testing/caller-under-test';
import type { SeenReport } from './testing/fake-run-state';
import { answering, eventually } from './testing/endpoint';

const INLINE = { 'Stepwell-Steps': 'inline' };
const ANNOUNCED: Partial<DeliverItem> = { takesSteps: true };

const step = (stepId: number, runId = 'wfr_1'): object => ({
  destination: 'https://app.example/api',
  headers: { 'Upstash-Workflow-RunId': runId, 'Upstash-Feature-Set': 'WF_TriggerOnConfig' },
  body: JSON.stringify({ stepId, stepName: `s${stepId}`, stepType: 'Run', out: '1', concurrent: 1 }),
});

describe('answers that hold what their endpoint submits', () => {
  let test: CallerUnderTest;
  afterEach(() => test.stop());

  /** The report of one delivery that is answered so, and what the endpoint saw of it. */
  async function reported(body: string, headers: Record<string, string> = INLINE, item = ANNOUNCED, status = 200) {
    const app = await test.endpoint(answering(status, body, headers));
    const known = test.runState.deliveries.length;
    await test.deliver(test.delivery(app.url, item));
    await eventually(() => test.runState.deliveries.length > known);
    return { report: test.runState.deliveries.at(-1) as SeenReport, seen: app.seen[0] };
  }

  it('are announced, and reported with their steps and bodies and without the answer itself', async () => {
    test = await CallerUnderTest.start();
    const { report, seen } = await reported(
      JSON.stringify({ submissions: [step(1), step(2)], finish: { body: '"done"' } }),
    );
    expect(seen?.headers['stepwell-steps']).toBe('inline');
    expect(report.outcome).toEqual({ status: 200, headers: [], durationMs: expect.any(Number) });
    expect(report.steps).toMatchObject({
      items: [
        { kind: 'step', step: { stepId: 1 }, body: 0 },
        { kind: 'step', step: { stepId: 2 }, body: 1 },
      ],
      finish: { result: 2 },
    });
    expect(report.stepBodies?.map((bytes) => bytes.toString())).toEqual([
      expect.stringContaining('"stepName":"s1"'),
      expect.stringContaining('"stepName":"s2"'),
      '"done"',
    ]);
  });

  it('give the same ids to what one attempt submits, and others to what the next does', async () => {
    test = await CallerUnderTest.start();
    const body = JSON.stringify({ submissions: [step(1), step(2)] });
    const idsOf = async (attempt: number) => {
      const { report } = await reported(body, INLINE, { ...ANNOUNCED, messageId: 'msg_a.wfr_1', attempt });
      return report.steps?.items.map(({ messageId }) => messageId) ?? [];
    };
    const [first, again, next] = [await idsOf(0), await idsOf(0), await idsOf(1)];
    expect(again).toEqual(first);
    expect(new Set([...first, ...next]).size).toBe(4);
    for (const id of first) expect(id).toMatch(/^msg_[\w-]{16}\.wfr_1$/);
  });

  it.each<[what: string, headers: Record<string, string>, item: Partial<DeliverItem>]>([
    ['don’t say so', {}, ANNOUNCED],
    ['weren’t asked for', INLINE, {}],
    ['are of a callback', INLINE, { kind: 'callback' }],
    ['are of a failure callback', INLINE, { kind: 'failure' }],
  ])('are dropped when they %s', async (_what, headers, item) => {
    test = await CallerUnderTest.start();
    const { report } = await reported(JSON.stringify({ submissions: [step(1)] }), headers, item);
    expect(report.outcome.status).toBe(200);
    expect([report.steps, report.body, report.outcome.error]).toEqual([undefined, undefined, undefined]);
  });

  it('are errors like any other when they don’t succeed', async () => {
    test = await CallerUnderTest.start();
    const { report } = await reported('{"submissions":[]}', INLINE, ANNOUNCED, 500);
    expect(report.outcome.status).toBe(500);
    expect([report.steps, report.body?.toString()]).toEqual([undefined, '{"submissions":[]}']);
  });

  it.each([
    ['INVALID_JSON', 'ok', /is not JSON/],
    ['INVALID_BODY', '{"submissions":[{}]}', /submission 0: destination/],
    ['INVALID_RUN_ID', JSON.stringify({ submissions: [step(1), step(2, 'wfr_2')] }), /submission 1: .*another run/],
    ['QUOTA_EXCEEDED', JSON.stringify({ submissions: [step(1), step(2), step(3), step(4)] }), /at most 3/],
  ])('are failed attempts when they can’t be taken: %s', async (code, body, message) => {
    test = await CallerUnderTest.start({ batchLimit: 3 });
    const { report } = await reported(body);
    expect(report).toMatchObject({
      outcome: { status: 200, error: { code, message: expect.stringMatching(message) } },
    });
    expect(report.outcome.error?.message).toMatch(/^the answer with Stepwell-Steps: inline is refused: /);
    expect([report.steps, report.body]).toEqual([undefined, undefined]);
  });

  it('are failed attempts when they are larger than a submission may be, and are not read to their end', async () => {
    test = await CallerUnderTest.start({ bodyLimitBytes: 10_000 });
    let sent = 0;
    const server = createServer((_request, response) => {
      response.writeHead(200, INLINE);
      const write = (): void => {
        while (response.write(Buffer.alloc(64 * 1024, ' '))) sent += 1;
      };
      response.on('drain', write);
      write();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await test.deliver(test.delivery(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, ANNOUNCED));
    await eventually(() => test.runState.deliveries.length === 1);
    await new Promise((resolve) => server.close(resolve));
    expect(test.runState.deliveries[0]?.outcome.error).toEqual({
      code: 'RESPONSE_TOO_LARGE',
      message: expect.stringContaining('raise STEPWELL_GATEWAY_BODY_LIMIT'),
    });
    expect(sent).toBeLessThan(1_000);
  });

  it('are reported again, and not asked for again, when nobody answered', async () => {
    test = await CallerUnderTest.start();
    const app = await test.endpoint(answering(200, JSON.stringify({ submissions: [step(1)] }), INLINE));
    test.runState.silent = true;
    const work = test.delivery(app.url, ANNOUNCED);
    await test.deliver(work);
    await eventually(() => test.givenBack === 1);
    test.runState.silent = false;
    await eventually(() => test.runState.deliveries.length === 1);
    expect(test.runState.deliveries[0]?.steps?.items).toHaveLength(1);
    expect(app.seen).toHaveLength(1);
  });
});
