import type { CallSettings } from '@upstash/workflow';
import type { Workflow } from '../workflow-app';
import type { Bench } from './bench';

/** One call, and what came of it. */
const calling =
  (settings: CallSettings): Workflow =>
  async (context) =>
    context.call('call', settings);

/* `context.call` (protocol.md 8.3): one delivery, the callback, the result; a failing call never fails the run. */
export function calls(bench: Bench): void {
  const url = (path: string): string => bench.thirdParty.url + path;

  describe.each(['app', 'keyless'] as const)('calls of an %s', (which) => {
    const app = () => bench[which];

    it('is three calls of the endpoint and one of the third party', async () => {
      bench.thirdParty.answersAt(`/answers-${which}`, {
        status: 201,
        headers: { 'x-mine': 'here' },
        body: '{"hello":"wörld"}',
      });
      const { runId, result, journal } = await bench.runs(
        calling({
          url: url(`/answers-${which}?a=b&c=%2Fd`),
          method: 'PUT',
          headers: { 'content-type': 'text/plain', 'x-asked': 'yes' },
          body: 'größer',
        }),
        { headers: { 'my-header': 'mine' }, label: 'lab' },
        app(),
      );
      expect(result).toMatchObject({ status: 201, body: { hello: 'wörld' }, header: { 'X-Mine': ['here'] } });
      await bench.called(runId, 3, app());

      const [asked, ...more] = bench.thirdParty.seen(`/answers-${which}`);
      expect(more).toEqual([]);
      expect(asked).toMatchObject({
        method: 'PUT',
        target: `/answers-${which}?a=b&c=%2Fd`,
        body: 'größer',
        headers: { 'content-type': 'text/plain', 'x-asked': 'yes' },
      });
      // Nothing of the run is a stranger's business.
      for (const secret of ['my-header', 'upstash-workflow-runid', 'upstash-workflow-sdk-version', 'upstash-label'])
        expect(asked?.headers[secret]).toBeUndefined();

      const [, callback, after] = journal.deliveries;
      expect(callback?.headers).toMatchObject({
        'upstash-workflow-callback': 'true',
        'upstash-workflow-stepid': '1',
        'upstash-workflow-stepname': 'call',
        'upstash-workflow-steptype': 'Call',
        'upstash-workflow-concurrent': '1',
        'upstash-workflow-contenttype': 'text/plain',
        'content-type': 'application/json',
        'upstash-workflow-runid': runId,
        'my-header': 'mine',
        'upstash-label': 'lab',
      });
      expect(callback?.headers['upstash-workflow-sdk-version']).toBeUndefined();
      expect(callback?.body).toMatchObject({
        status: 201,
        header: { 'X-Mine': ['here'], 'Content-Type': ['application/json'] },
        body: Buffer.from('{"hello":"wörld"}').toString('base64'),
        retried: 0,
        maxRetries: 0,
        method: 'PUT',
        url: url(`/answers-${which}?a=b&c=%2Fd`),
        workflowRunId: runId,
      });
      // Entries of the call itself may be there or not: the client skips them.
      expect(after?.history?.map(({ callType }) => callType).filter((type) => type === 'step')).toHaveLength(2);
    });

    it('a third party that fails is a result', async () => {
      bench.thirdParty.answersAt(`/fails-${which}`, {
        status: 503,
        headers: { 'content-type': 'text/plain' },
        body: 'no',
      });
      const { runId, log, result } = await bench.runs(calling({ url: url(`/fails-${which}`) }), {}, app());
      expect(log.workflowState).toBe('RUN_SUCCESS');
      expect(result).toMatchObject({ status: 503, body: 'no' });
      expect(bench.thirdParty.seen(`/fails-${which}`)).toHaveLength(1);
      await bench.called(runId, 3, app());
    });
  });

  describe('calls', () => {
    it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const)('by %s', async (method) => {
      const { result } = await bench.runs(calling({ url: url(`/by-${method}`), method }));
      expect(result).toMatchObject({ status: 200, body: { method, body: '' } });
      expect(bench.thirdParty.seen(`/by-${method}`)).toHaveLength(1);
    });

    // What the types call a string, JavaScript sends as whatever it is (protocol.md 2.4).
    it.each<[string, unknown, string]>([
      ['text', 'text', 'text'],
      ['an empty text', '', ''],
      ['JSON text', '{"a":[1]}', '{"a":[1]}'],
      ['an object', { a: 'ü' }, '{"a":"ü"}'],
      ['an array', [1, null], '[1,null]'],
      ['a number', 7, '7'],
      ['true', true, 'true'],
      ['false', false, 'false'],
      ['null', null, 'null'],
      ['nothing', undefined, ''],
    ])('with %s as body', async (what, body, arrived) => {
      const path = `/body-${what.replaceAll(' ', '-')}`;
      await bench.runs(calling({ url: url(path), method: 'POST', body: body as string }));
      expect(bench.thirdParty.seen(path).map((seen) => seen.body)).toEqual([arrived]);
    });

    it('of bytes that are no text gives the bytes', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      bench.thirdParty.answersAt('/bytes', { headers: { 'content-type': 'application/octet-stream' }, body: bytes });
      const { result } = await bench.runs(calling({ url: url('/bytes') }));
      expect(Buffer.from((result as { body: string }).body, 'latin1').equals(Buffer.from(bytes))).toBe(true);
    });

    it('of nothing gives an empty body', async () => {
      bench.thirdParty.answersAt('/nothing', { status: 204 });
      const { result } = await bench.runs(calling({ url: url('/nothing') }));
      expect(result).toMatchObject({ status: 204, body: '' });
    });

    it('is tried again as often as it was told, then the last answer counts', async () => {
      bench.thirdParty.answersAt('/stubborn', (_seen, nth) => ({ status: 500, body: JSON.stringify({ nth }) }));
      const { runId, result, journal } = await bench.runs(
        calling({ url: url('/stubborn'), retries: 2, retryDelay: '100 * (1 + retried)' }),
      );
      expect(result).toMatchObject({ status: 500, body: { nth: 3 } });
      const tries = bench.thirdParty.seen('/stubborn');
      expect(tries).toHaveLength(3);
      expect(tries[1]!.at - tries[0]!.at).toBeGreaterThanOrEqual(99);
      expect(tries[2]!.at - tries[1]!.at).toBeGreaterThanOrEqual(199);
      expect(journal.deliveries[1]?.body).toMatchObject({ retried: 2, maxRetries: 2 });
      await bench.called(runId, 3);
    });

    it('that succeeds at the second try is one result', async () => {
      bench.thirdParty.answersAt('/second', (_seen, nth) => ({ status: nth === 1 ? 500 : 200, body: String(nth) }));
      const { runId, result, journal } = await bench.runs(
        calling({ url: url('/second'), retries: 3, retryDelay: '50' }),
      );
      expect(result).toMatchObject({ status: 200, body: 2 });
      expect(journal.deliveries[1]?.body).toMatchObject({ retried: 1, maxRetries: 3 });
      await bench.called(runId, 3);
    });

    it('waits as long as the third party asks for', async () => {
      bench.thirdParty.answersAt('/later', (_seen, nth) =>
        nth === 1 ? { status: 429, headers: { 'retry-after': '1' } } : { body: '"now"' },
      );
      const { result } = await bench.runs(calling({ url: url('/later'), retries: 1, retryDelay: '1' }));
      expect(result).toMatchObject({ status: 200, body: 'now' });
      const [first, second] = bench.thirdParty.seen('/later');
      expect(second!.at - first!.at).toBeGreaterThanOrEqual(999);
    });

    it.each<[string, Partial<CallSettings>]>([
      ['too slow', { timeout: 1 }],
      ['too slow, in words', { timeout: '1s' }],
    ])('that is %s ends with a status of its own', async (what, settings) => {
      const path = `/slow-${what.length}`;
      bench.thirdParty.answersAt(path, { afterMs: 3_000 });
      const { runId, log, result } = await bench.runs(calling({ url: url(path), ...settings }));
      expect(log.workflowState).toBe('RUN_SUCCESS');
      expect((result as { status: number }).status).toBeGreaterThanOrEqual(500);
      await bench.called(runId, 3);
    });

    it('whose connection breaks, or that nobody answers, ends with a status of its own', async () => {
      bench.thirdParty.answersAt('/breaks', { hangUp: true });
      const { result } = await bench.runs(async (context) => {
        const broken = await context.call('broken', { url: url('/breaks') });
        // Port 9 is "discard": nobody listens there.
        const nobody = await context.call('nobody', { url: 'http://127.0.0.1:9/' });
        return [broken.status, nobody.status];
      });
      for (const status of result as number[]) expect(status).toBeGreaterThanOrEqual(500);
    });

    it('under flow control are made all the same', async () => {
      const { runId, result } = await bench.runs(
        calling({
          url: url('/flow'),
          flowControl: { key: 'a-key.of_mine', rate: 100, period: '1m', parallelism: 5 },
        }),
      );
      expect(result).toMatchObject({ status: 200 });
      await bench.called(runId, 3);
    });

    it('twice at once and once after, each once', async () => {
      const { runId, result, journal } = await bench.runs(async (context, seen) => {
        const [left, right, run] = await Promise.all([
          context.call<{ target: string }>('left', { url: url('/left') }),
          context.call<{ target: string }>('right', { url: url('/right') }),
          context.run('beside', () => seen.run('beside', 'r')),
        ]);
        const last = await context.call<{ target: string }>('last', { url: url('/last') });
        return [left.body.target, right.body.target, run, last.body.target];
      });
      expect(result).toEqual(['/left', '/right', 'r', '/last']);
      for (const path of ['/left', '/right', '/last']) expect(bench.thirdParty.seen(path)).toHaveLength(1);
      expect(journal.order).toEqual(['beside']);
      // Three plans, three results, two callbacks; then a callback and a result.
      await bench.called(runId, 1 + 3 + 3 + 2 + 2);
    });

    it('of a third party that answers non-retryably is not tried again', async () => {
      bench.thirdParty.answersAt('/never', {
        status: 489,
        headers: { 'upstash-nonretryable-error': 'true' },
        body: '"never"',
      });
      const { runId, log, journal } = await bench.runs(calling({ url: url('/never'), retries: 3, retryDelay: '50' }));
      expect(log.workflowState).toBe('RUN_SUCCESS');
      expect(bench.thirdParty.seen('/never')).toHaveLength(1);
      const { retried, maxRetries } = journal.deliveries[1]?.body as { retried: number; maxRetries: number };
      expect(retried).toBe(maxRetries);
      await bench.called(runId, 3);
    });
  });
}
