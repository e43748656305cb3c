import { randomUUID } from 'node:crypto';
import { JS_0_2 } from '../clients/js-library';
import { until } from '../until';
import type { Workflow } from '../workflow-app';
import { WorkflowApp } from '../workflow-app';
import type { Bench } from './bench';

const threeSteps: Workflow = async (context) => {
  const payload = context.requestPayload as unknown;
  for (const name of ['one', 'two']) await context.run(name, () => name);
  return context.run('three', () => payload ?? 'nothing');
};

interface Started {
  readonly workflowRunId: string;
  readonly workflowCreatedAt: number;
  readonly deduplicated?: boolean;
}

/* Starts without a client (protocol.md 5.5): the server says what a client would; of an unknown library it asks in a first phase. */
export function restStarts(bench: Bench): void {
  const target = (workflow: Workflow): string => `${bench.app.url}/${bench.app.addOnce(workflow)}`;
  const trigger = async (url: string, headers: Record<string, string> = {}, body?: string): Promise<Started> => {
    const answer = await bench.rest.post(`/v2/trigger/${url}`, {
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('workflowRunId')]);
    return answer.json as Started;
  };
  const kindOf = (headers: Record<string, unknown>): string =>
    headers['upstash-workflow-unknown-sdk'] === undefined
      ? `sdk ${String(headers['upstash-workflow-sdk-version'])}`
      : 'unknown';

  describe('/v2/trigger', () => {
    it('starts a run as a client would', async () => {
      const before = Date.now();
      const { workflowRunId, workflowCreatedAt } = await trigger(
        target(threeSteps),
        { 'upstash-forward-x-mine': 'yes', 'upstash-label': 'rest', 'upstash-retries': '1' },
        '{"a":"ü"}',
      );
      expect(workflowRunId).toMatch(/^wfr_/);
      expect(workflowCreatedAt).toBeGreaterThanOrEqual(before - 1_000);
      const log = await bench.app.ended(workflowRunId);
      expect(log).toMatchObject({
        workflowRunResponse: '{"a":"ü"}',
        labels: ['rest'],
        workflowRunCreatedAt: workflowCreatedAt,
      });
      await bench.called(workflowRunId, 4);
      for (const { headers } of bench.app.journal(workflowRunId).deliveries) {
        expect(headers).toMatchObject({ 'x-mine': 'yes', 'upstash-label': 'rest' });
        expect(kindOf(headers)).toBe('sdk 1');
      }
    });

    it('asks a library that is unknown: one call more, and the run it started goes on', async () => {
      const { workflowRunId } = await trigger(
        target(threeSteps),
        { 'upstash-workflow-unknown-sdk': 'true', 'upstash-forward-x-mine': 'yes' },
        '"payload"',
      );
      const log = await bench.app.ended(workflowRunId);
      expect(log).toMatchObject({ workflowState: 'RUN_SUCCESS', workflowRunResponse: '"payload"' });
      await bench.called(workflowRunId, 5);
      const { deliveries } = bench.app.journal(workflowRunId);
      expect(deliveries.map(({ headers }) => kindOf(headers))).toEqual(['unknown', 'sdk 1', 'sdk 1', 'sdk 1', 'sdk 1']);
      expect(deliveries[0]?.headers['upstash-workflow-sdk-version']).toBeUndefined();
      for (const { headers } of deliveries) expect(headers['x-mine']).toBe('yes');
    });

    it('takes the run id it is given, once', async () => {
      const url = target(threeSteps);
      const mine = `mine-${randomUUID()}`;
      const first = await trigger(url, { 'upstash-workflow-runid': mine }, '1');
      const second = await trigger(url, { 'upstash-workflow-runid': mine }, '2');
      expect(second.workflowRunId).toBe(first.workflowRunId);
      expect((await bench.app.ended(first.workflowRunId)).workflowRunResponse).toBe('1');
      await bench.called(first.workflowRunId, 4);
    });

    it('can be delayed, and needs no body', async () => {
      const before = Date.now();
      const { workflowRunId } = await trigger(
        target(async (context) => context.run('now', () => Date.now())),
        { 'upstash-delay': '1s' },
      );
      expect(Number((await bench.app.ended(workflowRunId)).workflowRunResponse) - before).toBeGreaterThanOrEqual(999);
      await bench.called(workflowRunId, 2);
    });

    it('has the workflow itself as failure callback, with the headers it forwarded', async () => {
      const { workflowRunId } = await trigger(
        target(async (context) =>
          context.run('fails', () => {
            throw new Error('by intention');
          }),
        ),
        { 'upstash-retries': '0', 'upstash-forward-x-mine': 'yes' },
      );
      expect((await bench.app.ended(workflowRunId)).workflowState).toBe('RUN_FAILED');
      const journal = bench.app.journal(workflowRunId);
      await until('the failure function ran', () => journal.failureFunction !== undefined);
      expect(journal.failureFunction).toMatchObject({ failResponse: 'by intention' });
      expect(journal.deliveries[1]?.headers).toMatchObject({ 'x-mine': 'yes', 'upstash-workflow-is-failure': 'true' });
      await bench.called(workflowRunId, 2);
    });

    it('of what only looks like a library of 1.0 or later fails the run, and says why', async () => {
      bench.app.addHandler('looks-old', (_request, response) => {
        response.set('upstash-workflow-sdk-version', '1').json({});
      });
      const { workflowRunId } = await trigger(`${bench.app.url}/looks-old`, {}, '1');
      const log = await bench.app.ended(workflowRunId);
      expect(log.workflowState).toBe('RUN_FAILED');
      expect(JSON.stringify(log.steps)).toContain(
        'trigger rest api is only usable with sdk versions after v1.0.0 major version',
      );
    });

    it('of a real library before 1.0 works: what it submits comes before its answer', async () => {
      const old = new WorkflowApp({ engineUrl: bench.stepwell.url, library: JS_0_2 });
      await old.start();
      try {
        const { workflowRunId } = await trigger(`${old.url}/${old.addOnce(threeSteps)}`, {}, '1');
        expect(await bench.app.ended(workflowRunId)).toMatchObject({ workflowRunResponse: '1' });
        await bench.called(workflowRunId, 4, old);
      } finally {
        await old.stop();
      }
    });
  });

  describe('/v2/batch/trigger', () => {
    it('starts many, and says of each whether it was new', async () => {
      const url = target(threeSteps);
      const mine = `wfr_${randomUUID()}`;
      const items = [
        {
          destination: url,
          headers: { 'upstash-workflow-runid': mine, 'content-type': 'application/json' },
          body: '"a"',
        },
        { destination: url, headers: { 'upstash-label': 'b' }, body: '"b"' },
        { destination: url },
      ];
      const send = () =>
        bench.rest.post('/v2/batch/trigger', {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(items),
        });
      const answer = await send();
      expect(answer.status).toBe(201);
      const started = answer.json as Started[];
      expect(started).toHaveLength(3);
      expect(started[0]).toMatchObject({ workflowRunId: mine, workflowCreatedAt: expect.any(Number) });
      expect(started.map(({ deduplicated = false }) => deduplicated)).toEqual([false, false, false]);
      for (const [index, { workflowRunId }] of started.entries()) {
        const log = await bench.app.ended(workflowRunId);
        expect(log.workflowRunResponse).toBe(['"a"', '"b"', '"nothing"'][index]);
        await bench.called(workflowRunId, 4);
      }
      const again = (await send()).json as Started[];
      expect(again.map(({ deduplicated = false }) => deduplicated)).toEqual([true, false, false]);
      for (const { workflowRunId } of again) await bench.app.ended(workflowRunId);
    });
  });

  it('a client’s own start may ask for two phases, too', async () => {
    const url = target(threeSteps);
    const runId = `wfr_${randomUUID()}`;
    await bench.rest.batch([
      {
        destination: url,
        headers: {
          'content-type': 'application/json',
          'upstash-workflow-init': 'true',
          'upstash-workflow-runid': runId,
          'upstash-workflow-url': url,
          'upstash-workflow-sdk-version': '1',
          'upstash-feature-set': 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig',
          'upstash-forward-upstash-workflow-sdk-version': '1',
          'upstash-forward-upstash-workflow-unknown-sdk': 'true',
        },
        body: '"payload"',
      },
    ]);
    expect((await bench.app.ended(runId)).workflowRunResponse).toBe('"payload"');
    const kinds = bench.app.journal(runId).deliveries.map(({ headers }) => kindOf(headers));
    expect(kinds).toEqual(['unknown', 'sdk 1', 'sdk 1', 'sdk 1', 'sdk 1']);
    await bench.called(runId, 5);
  });
}
