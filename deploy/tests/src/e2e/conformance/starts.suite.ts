import { createHash, randomUUID } from 'node:crypto';
import { until } from '../until';
import type { Workflow } from '../workflow-app';
import type { Bench } from './bench';
import { callAsStandIn } from './stand-in';

const oneStep: Workflow = async (context) => {
  const payload = context.requestPayload as unknown;
  return context.run('one', () => payload ?? 'nothing');
};

const START = (runId: string, url: string): Record<string, string> => ({
  'content-type': 'application/json',
  'upstash-method': 'POST',
  'upstash-workflow-init': 'true',
  'upstash-workflow-runid': runId,
  'upstash-workflow-url': url,
  'upstash-workflow-sdk-version': '1',
  'upstash-feature-set': 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig',
  'upstash-forward-upstash-workflow-sdk-version': '1',
});

/* How runs come to be: by the client, by hand, by a request to the endpoint (protocol.md 5). */
export function starts(bench: Bench): void {
  const resultOf = async (runId: string): Promise<unknown> =>
    JSON.parse((await bench.app.ended(runId)).workflowRunResponse ?? 'null') as unknown;

  describe('a trigger', () => {
    it('of several runs starts each, in one request', async () => {
      const url = `${bench.app.url}/${bench.app.addOnce(oneStep)}`;
      const runs = await bench.app.client.trigger([
        { url, body: 'a' },
        { url, body: 'b', workflowRunId: `mine-${randomUUID()}` },
        { url, body: 'c' },
      ]);
      expect(runs.map(({ workflowRunId }) => workflowRunId.slice(0, 4))).toEqual(['wfr_', 'wfr_', 'wfr_']);
      for (const [index, { workflowRunId }] of runs.entries()) {
        expect(await resultOf(workflowRunId)).toBe(['a', 'b', 'c'][index]);
        await bench.called(workflowRunId, 2);
      }
    });

    it('of a run id that exists starts none', async () => {
      const runId = `again-${randomUUID()}`;
      const name = bench.app.addOnce(oneStep);
      expect(await bench.app.trigger(name, { runId, body: 'first' })).toBe(`wfr_${runId}`);
      // While it runs, and after its end.
      await bench.app.trigger(name, { runId, body: 'second' });
      expect(await resultOf(`wfr_${runId}`)).toBe('first');
      await bench.app.trigger(name, { runId, body: 'third' });
      const answer = await bench.rest.batch({
        destination: `${bench.app.url}/${name}`,
        headers: START(`wfr_${runId}`, `${bench.app.url}/${name}`),
        body: '"fourth"',
      });
      expect(answer).toMatchObject({ status: 200, json: [{ workflowRunId: `wfr_${runId}`, deduplicated: true }] });
      expect(await resultOf(`wfr_${runId}`)).toBe('first');
      await bench.called(`wfr_${runId}`, 2);
    });

    it.each<[string, unknown, unknown]>([
      ['text', 'text', 'text'],
      ['an object', { a: ['ü', null, 1.5] }, { a: ['ü', null, 1.5] }],
      ['nothing', undefined, 'nothing'],
      ['an empty text', '', 'nothing'],
      ['false', false, false],
    ])('brings %s', async (_what, body, arrived) => {
      const { result } = await bench.runs(oneStep, { body });
      expect(result).toEqual(arrived);
    });

    it('of plain text is delivered as it was published', async () => {
      const { runId, result, journal } = await bench.runs(oneStep, {
        body: 'just text',
        headers: { 'content-type': 'text/plain' },
      });
      expect(result).toBe('just text');
      expect(journal.deliveries[0]?.headers['content-type']).toContain('text/plain');
      await bench.called(runId, 2);
    });

    it.each<[string, () => object]>([
      ['by seconds', () => ({ delay: 1 })],
      ['by words', () => ({ delay: '1s' })],
      ['until a moment', () => ({ notBefore: Math.ceil(Date.now() / 1_000) + 1 })],
      ['until a moment, whatever the delay', () => ({ delay: '1d', notBefore: Math.ceil(Date.now() / 1_000) + 1 })],
    ])('can be delayed %s', async (_what, options) => {
      const before = Date.now();
      const { runId, result } = await bench.runs(async (context) => context.run('now', () => Date.now()), options());
      const late = Number(result) - before;
      expect(late).toBeGreaterThanOrEqual(999);
      expect(late).toBeLessThan(30_000);
      await bench.called(runId, 2);
    });

    it('takes labels, flow control and headers along, and the log shows them', async () => {
      const { runId, log } = await bench.runs(oneStep, {
        label: ['one', 'two'],
        flowControl: { key: 'flow-of.starts', rate: 50, period: '1m' },
        headers: { 'x-mine': 'yes' },
      });
      expect(log).toMatchObject({ labels: ['one', 'two'], label: 'one', flowControlKey: 'flow-of.starts' });
      expect(log.steps[0]).toMatchObject({ steps: [{ headers: { 'X-Mine': ['yes'] } }] });
      await bench.called(runId, 2);
    });

    it('can keep its secrets out of the log, and out of nothing else', async () => {
      const hash = (text: string): string => `REDACTED:${createHash('sha256').update(text).digest('hex')}`;
      const runId = await bench.app.begin(
        async (context, seen) => {
          seen.notes.set('payload', context.requestPayload);
          await context.run('one', () => 1);
        },
        {
          body: 'my secret',
          headers: { 'x-secret': 'hidden', 'x-open': 'seen' },
          redact: { body: true, header: ['x-secret'] },
        },
      );
      const log = await bench.app.ended(runId);
      const journal = bench.app.journal(runId);
      expect(journal.notes.get('payload')).toBe('my secret');
      expect(journal.deliveries[1]?.headers).toMatchObject({ 'x-secret': 'hidden', 'x-open': 'seen' });
      expect(log.steps[0]).toMatchObject({
        steps: [{ out: hash('my secret'), headers: { 'X-Secret': [hash('hidden')], 'X-Open': ['seen'] } }],
      });
    });
  });

  describe('a start by hand', () => {
    it('over /v2/batch tells the run, its message and its time', async () => {
      const name = bench.app.addOnce(oneStep);
      const url = `${bench.app.url}/${name}`;
      const runId = `any-shape:${randomUUID()}`;
      const before = Date.now();
      const answer = await bench.rest.batch([{ destination: url, headers: START(runId, url), body: '"hi"' }]);
      expect(answer).toMatchObject({
        status: 200,
        json: [
          { workflowRunId: runId, messageId: expect.stringMatching(/^msg_/), workflowCreatedAt: expect.any(Number) },
        ],
      });
      const [{ workflowCreatedAt, messageId }] = answer.json as [{ workflowCreatedAt: number; messageId: string }];
      expect(workflowCreatedAt).toBeGreaterThanOrEqual(before - 1_000);
      expect(await resultOf(runId)).toBe('hi');
      expect(bench.app.journal(runId).deliveries[0]?.headers['upstash-message-id']).toBe(messageId);
      expect((await bench.app.log(runId))?.workflowRunCreatedAt).toBe(workflowCreatedAt);
    });

    it('over /v2/publish takes the destination as it stands, query and all', async () => {
      const name = bench.app.addOnce(oneStep);
      const url = `${bench.app.url}/${name}?a=b&c=https://d.example/e?f%2Fg`;
      const runId = `published-${randomUUID()}`;
      const answer = await bench.rest.post(`/v2/publish/${url}`, { headers: START(runId, url), body: '"hi"' });
      expect([200, 201]).toContain(answer.status);
      expect(answer.json).toMatchObject({ messageId: expect.stringMatching(/^msg_/), workflowRunId: runId });
      expect(await resultOf(runId)).toBe('hi');
      expect((await bench.app.log(runId))?.workflowUrl).toBe(url);
    });

    it('may forward what its own request had: nothing of that breaks the next one', async () => {
      const name = bench.app.addOnce(oneStep);
      const url = `${bench.app.url}/${name}`;
      const runId = `forwarding-${randomUUID()}`;
      const inherited = {
        host: 'elsewhere.example',
        connection: 'close',
        'content-length': '7',
        'transfer-encoding': 'chunked',
        'accept-encoding': 'br',
        'user-agent': 'somebody',
        'upstash-signature': 'not.a.signature',
        'upstash-message-id': 'msg_of_another',
        'upstash-retried': '5',
      };
      const forwards = Object.fromEntries(
        Object.entries({ ...inherited, 'x-mine': 'yes' }).map(([key, value]) => [`upstash-forward-${key}`, value]),
      );
      await bench.rest.batch([{ destination: url, headers: { ...START(runId, url), ...forwards }, body: '1' }]);
      expect(await resultOf(runId)).toBe(1);
      for (const { headers } of bench.app.journal(runId).deliveries) {
        expect(headers).toMatchObject({ 'x-mine': 'yes', 'upstash-retried': '0', 'user-agent': 'Upstash-QStash' });
        expect(headers['upstash-message-id']).not.toBe('msg_of_another');
      }
      await bench.called(runId, 2);
    });
  });

  describe('a request to the endpoint itself', () => {
    it.each([
      ['signed, as by a schedule', 'app', true],
      ['unsigned, without signing keys', 'keyless', false],
    ] as const)('%s, starts a run', async (_what, which, signed) => {
      const app = bench[which];
      const name = app.addOnce(oneStep);
      const answer = await callAsStandIn(
        `${app.url}/${name}`,
        '{"direct":true}',
        { 'x-mine': 'yes', authorization: 'Bearer of the user' },
        signed,
      );
      expect(answer).toMatchObject({ status: 200, json: { workflowRunId: expect.stringMatching(/^wfr_/) } });
      const { workflowRunId } = answer.json as { workflowRunId: string };
      const log = await app.ended(workflowRunId);
      expect(log.workflowRunResponse).toBe('{"direct":true}');
      for (const { headers } of app.journal(workflowRunId).deliveries)
        expect(headers).toMatchObject({ 'x-mine': 'yes', authorization: 'Bearer of the user' });
      // The request itself named no run and isn't counted.
      await bench.called(workflowRunId, 2, app);
    });

    it('unsigned, is refused by an app with signing keys', async () => {
      const name = bench.app.addOnce(oneStep);
      const answer = await callAsStandIn(`${bench.app.url}/${name}`, '{}', {}, false);
      expect(answer.status).toBe(500);
    });
  });

  describe('a destination that is no workflow', () => {
    it.each([200, 204, 302])('and answers %i fails its run at once, or is tried again', async (status) => {
      const name = `stranger-${status}`;
      bench.app.addHandler(name, (_request, response) => {
        response.status(status).set('location', '/elsewhere').end();
      });
      const runId = await bench.app.trigger(name, { retries: 1, retryDelay: '50' });
      const log = await bench.app.ended(runId);
      expect(log.workflowState).toBe('RUN_FAILED');
      const next = log.steps.at(-1);
      expect(next).toMatchObject({ type: 'next', steps: [{ state: 'STEP_FAILED', errors: expect.any(Array) }] });
      const said = JSON.stringify(next);
      if (status < 300) {
        expect(said).toContain('detected a non-workflow destination for trigger/invoke');
        expect(bench.app.journal(runId).retried[0]).toBe(0);
        expect(bench.app.journal(runId).retried).not.toContain(1);
      } else await until('it was tried again', () => bench.app.journal(runId).retried.includes(1));
    });
  });
}
