import { until } from '../until';
import type { Workflow } from '../workflow-app';
import type { Bench } from './bench';

const failing: Workflow = async (context, seen) => {
  await context.run('before', () => seen.run('before', 1));
  return context.run('fails', () => {
    seen.run('fails', undefined);
    throw new Error('by intention');
  });
};

interface FailureBody {
  readonly dlqId: string;
  readonly body: string;
  readonly sourceBody: string;
}

/* Retries, and what follows when they are used up (protocol.md section 9). */
export function failures(bench: Bench): void {
  const stateOf = async (runId: string): Promise<string | undefined> =>
    (await bench.app.log(runId))?.failureFunction?.state;
  const untilCallback = async (runId: string, state: string): Promise<void> => {
    await until(`the failure callback of ${runId} is ${state}`, async () => (await stateOf(runId)) === state);
  };

  describe.each(['app', 'keyless'] as const)('a step of an %s', (which) => {
    it('that fails is tried again when its delay says so; then the run fails and is called back', async () => {
      const app = bench[which];
      const at: number[] = [];
      const runId = await app.begin(
        async (context, seen) =>
          context.run('fails', () => {
            at.push(performance.now());
            seen.run('fails', undefined);
            throw new Error('by intention');
          }),
        { retries: 2, retryDelay: 'max(100, 150 * pow(2, retried))', headers: { 'x-mine': 'yes' } },
      );
      const log = await app.ended(runId);
      expect(log.workflowState).toBe('RUN_FAILED');
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      const journal = app.journal(runId);
      expect(journal.failureFunction).toEqual({ failStatus: 500, failResponse: 'by intention' });
      expect(journal.retried).toEqual([0, 1, 2, 0]);
      expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(149);
      expect(at[2]! - at[1]!).toBeGreaterThanOrEqual(299);
      expect(journal.deliveries[3]?.headers).toMatchObject({
        'x-mine': 'yes',
        'upstash-workflow-runid': runId,
        'upstash-workflow-is-failure': 'true',
        'upstash-workflow-failure-callback': 'true',
      });
      await bench.called(runId, 4, app);
    });
  });

  describe('a failure', () => {
    it('is final at once when there are no retries', async () => {
      const runId = await bench.app.begin(failing, { retries: 0 });
      expect((await bench.app.ended(runId)).workflowState).toBe('RUN_FAILED');
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      expect(bench.app.journal(runId).order).toEqual(['before', 'fails']);
      await bench.called(runId, 3);
    });

    it('that is not to be retried is final at once', async () => {
      const { WorkflowNonRetryableError } = bench.app.library;
      const runId = await bench.app.begin(
        async (context) =>
          context.run('never', () => {
            throw new WorkflowNonRetryableError('never again');
          }),
        { retries: 3, retryDelay: '50' },
      );
      expect((await bench.app.ended(runId)).workflowState).toBe('RUN_FAILED');
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      expect(bench.app.journal(runId).failureFunction).toEqual({ failStatus: 489, failResponse: 'never again' });
      await bench.called(runId, 2);
    });

    it('that says when to try again is tried again then', async () => {
      const { WorkflowRetryAfterError } = bench.app.library;
      const at: number[] = [];
      const { runId, result } = await bench.runs(
        async (context) =>
          context.run('later', () => {
            if (at.push(performance.now()) === 1) throw new WorkflowRetryAfterError('not now', 1);
            return 'now';
          }),
        { retries: 1, retryDelay: '1' },
      );
      expect(result).toBe('now');
      expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(999);
      await bench.called(runId, 3);
    });

    it('before the first step is one like any other', async () => {
      const runId = await bench.app.begin(
        async () => {
          throw new Error('before any step');
        },
        { retries: 1, retryDelay: '50', failureUrl: `${bench.thirdParty.url}/failed-early` },
      );
      expect((await bench.app.ended(runId)).workflowState).toBe('RUN_FAILED');
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      await bench.called(runId, 2);
    });

    it('is told a failure URL in full, and nobody else', async () => {
      const path = '/failed';
      const name = bench.app.addOnce(failing);
      const runId = await bench.app.trigger(name, {
        body: 'the payload',
        retries: 1,
        retryDelay: '50',
        failureUrl: bench.thirdParty.url + path,
        headers: { 'x-mine': 'yes' },
        label: 'lab',
      });
      await bench.app.ended(runId);
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      const [told, ...more] = bench.thirdParty.seen(path);
      expect(more).toEqual([]);
      expect(told).toMatchObject({
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-mine': 'yes',
          'upstash-label': 'lab',
          'upstash-workflow-runid': runId,
          'upstash-workflow-is-failure': 'true',
          'upstash-workflow-failure-callback': 'true',
          'upstash-signature': expect.any(String),
        },
      });
      // A client in Python takes this header for a step delivery (its first check), and fails.
      expect(told?.headers['upstash-workflow-sdk-version']).toBeUndefined();
      const failure = JSON.parse(told?.body ?? '') as FailureBody;
      const failed = bench.app.journal(runId).deliveries.at(-1);
      expect(failure).toMatchObject({
        status: 500,
        header: { 'Upstash-Workflow-Sdk-Version': ['1'] },
        retried: 1,
        maxRetries: 1,
        dlqId: expect.any(String),
        sourceMessageId: failed?.headers['upstash-message-id'],
        url: `${bench.app.url}/${name}`,
        method: 'POST',
        sourceBody: Buffer.from('the payload').toString('base64'),
        workflowRunId: runId,
        workflowCreatedAt: Number(failed?.headers['upstash-workflow-createdat']),
      });
      expect(JSON.parse(Buffer.from(failure.body, 'base64').toString())).toMatchObject({ message: 'by intention' });
      expect((await bench.app.log(runId))?.dlqId).toBe(failure.dlqId);
      await bench.called(runId, 1 + 2);
    });

    it('refuses what its run still submits, and takes its finish', async () => {
      const runId = await bench.app.begin(failing, { retries: 0 });
      await bench.app.ended(runId);
      const submitted = await bench.rest.batch([
        {
          destination: `${bench.app.url}/late`,
          headers: {
            'upstash-workflow-init': 'false',
            'upstash-workflow-runid': runId,
            'upstash-workflow-url': 'http://a/',
          },
          body: '{"stepId":3,"stepName":"late","stepType":"Run","out":"1","concurrent":1}',
        },
      ]);
      expect(submitted.status).toBe(400);
      const finished = await bench.rest.delete(`/v2/workflows/runs/${runId}?cancel=false`, { body: '"late"' });
      expect(finished.status).toBe(200);
      expect((await bench.app.log(runId))?.workflowState).toBe('RUN_FAILED');
    });
  });

  describe('a failure callback', () => {
    it('has its own retries, and its state is seen', async () => {
      bench.thirdParty.answersAt('/callback-flaky', (_seen, nth) => ({ status: nth < 3 ? 500 : 200 }));
      const runId = await bench.app.begin(failing, {
        retries: 2,
        retryDelay: '100',
        failureUrl: `${bench.thirdParty.url}/callback-flaky`,
      });
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      expect(bench.thirdParty.seen('/callback-flaky').map(({ headers }) => headers['upstash-retried'])).toEqual([
        '0',
        '1',
        '2',
      ]);
    });

    it('that fails is a state of its own; it can be made again', async () => {
      bench.thirdParty.answersAt('/callback-fails', (_seen, nth) => ({
        status: nth < 2 ? 503 : 200,
        body: `"${nth}"`,
      }));
      const runId = await bench.app.begin(failing, {
        retries: 0,
        failureUrl: `${bench.thirdParty.url}/callback-fails`,
      });
      await untilCallback(runId, 'CALLBACK_FAIL');
      const failed = await bench.app.log(runId);
      expect(failed?.failureFunction).toMatchObject({
        state: 'CALLBACK_FAIL',
        url: `${bench.thirdParty.url}/callback-fails`,
        failStatus: 500,
        responseStatus: 503,
        dlqId: failed?.dlqId,
      });
      const again = await bench.app.client.dlq.retryFailureFunction({ dlqId: failed?.dlqId ?? '' });
      expect(again).toMatchObject({ workflowRunId: runId });
      expect(Number(again.workflowCreatedAt)).toBe(failed?.workflowRunCreatedAt);
      await untilCallback(runId, 'CALLBACK_SUCCESS');
      expect(bench.thirdParty.seen('/callback-fails')).toHaveLength(2);
    });

    it('that is under way can be called off', async () => {
      bench.thirdParty.answersAt('/callback-endless', { status: 500 });
      const runId = await bench.app.begin(failing, {
        retries: 1,
        retryDelay: '600000 * retried + 300 * (1 - min(1, retried)) + 3000000 * min(1, retried)',
        failureUrl: `${bench.thirdParty.url}/callback-endless`,
      });
      await until('it was called once', () => bench.thirdParty.seen('/callback-endless').length === 1);
      const dlqId = (await bench.app.log(runId))?.dlqId ?? '';
      expect(await stateOf(runId)).toBe('CALLBACK_INPROGRESS');
      const answer = await bench.rest.delete(`/v2/workflows/dlq/callback/${dlqId}`);
      expect(answer.status).toBeLessThan(400);
      await untilCallback(runId, 'CALLBACK_CANCELED');
    });

    it('of a run that has not failed is refused', async () => {
      const { runId } = await bench.runs(async (context) => context.run('one', () => 1));
      await expect(bench.app.client.dlq.retryFailureFunction({ dlqId: `dlq_none.${runId}` })).rejects.toMatchObject({
        status: expect.any(Number),
      });
    });

    it('that finds no function is as if there were none', async () => {
      const runId = await bench.app.begin(failing, { retries: 0 }, { failureFunction: undefined });
      await bench.app.ended(runId);
      await bench.called(runId, 3);
      await until('it is not shown', async () => (await bench.app.log(runId))?.failureFunction === undefined);
    });
  });
}
