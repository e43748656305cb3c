import { randomUUID } from 'node:crypto';
import { until } from '../until';
import type { TriggerOptions, Workflow } from '../workflow-app';
import type { Bench } from './bench';

/** How clients before 1.2 name a letter; the newest still lets them. */
interface OlderQueue {
  resume(options: { dlqId: string }): Promise<Letter>;
  restart(options: { dlqId: string[] }): Promise<Letter[]>;
}

interface Letter {
  readonly dlqId: string;
  readonly workflowRunId: string;
}

/* Failed runs are kept until somebody deletes, resumes or restarts them (protocol.md section 12). */
export function deadLetters(bench: Bench): void {
  /** Whether the workflow of `mending` is mended, by the name of its test. */
  const mended = new Set<string>();

  /** Two steps, a parallel group, then one that fails until it is mended, then one more. */
  const mending =
    (name: string): Workflow =>
    async (context, seen) => {
      const one = await context.run('one', () => seen.run('one', `one of ${context.workflowRunId}`));
      const both = await Promise.all([
        context.run('left', () => seen.run('left', 'l')),
        context.run('right', () => seen.run('right', 'r')),
      ]);
      const fixed = await context.run('fails', () => {
        seen.run('fails', undefined);
        if (!mended.has(name)) throw new Error(`${name} is broken`);
        return 'fixed';
      });
      const last = await context.run('last', () => seen.run('last', context.retried));
      return { one, both, fixed, last, payload: context.requestPayload as unknown };
    };

  /** A run that has failed, and its dead letter. */
  const failed = async (name: string, options: TriggerOptions = {}) => {
    const route = bench.app.addOnce(mending(name));
    const runId = await bench.app.trigger(route, { body: `payload of ${name}`, retries: 0, label: name, ...options });
    const log = await bench.app.ended(runId);
    expect(log.workflowState).toBe('RUN_FAILED');
    return { runId, dlqId: log.dlqId ?? '', url: `${bench.app.url}/${route}`, log };
  };
  const list = async (filter: object = {}): Promise<Letter[]> => (await bench.app.client.dlq.list({ filter })).messages;
  const untilListed = async (label: string, count: number): Promise<void> => {
    await until(`${count} dead letters of ${label} are listed`, async () => (await list({ label })).length === count);
  };

  describe('a dead letter', () => {
    it('is listed with all there is to know of it, and read by its id', async () => {
      const { runId, dlqId, url, log } = await failed('listed', {
        headers: { 'x-mine': 'yes' },
        failureUrl: `${bench.thirdParty.url}/listed-failed`,
      });
      await untilListed('listed', 1);
      await until('the callback is done', async () => {
        const { messages } = await bench.app.client.dlq.list({ filter: { label: 'listed' } });
        return messages[0]?.failureCallbackInfo?.state === 'CALLBACK_SUCCESS';
      });
      const { messages, cursor } = await bench.app.client.dlq.list({ filter: { label: 'listed' } });
      expect(cursor).toBeUndefined();
      const failedDelivery = bench.app.journal(runId).deliveries.at(-1);
      const expected = {
        dlqId,
        messageId: failedDelivery?.headers['upstash-message-id'],
        url,
        method: 'POST',
        header: expect.objectContaining({ 'X-Mine': ['yes'] }),
        body: 'payload of listed',
        maxRetries: 0,
        createdAt: expect.any(Number),
        notBefore: expect.any(Number),
        callerIP: '127.0.0.1',
        workflowRunId: runId,
        workflowCreatedAt: log.workflowRunCreatedAt,
        workflowUrl: url,
        responseStatus: 500,
        responseHeader: expect.objectContaining({ 'Upstash-Workflow-Sdk-Version': ['1'] }),
        responseBody: expect.stringContaining('listed is broken'),
        failureCallback: `${bench.thirdParty.url}/listed-failed`,
        failureCallbackInfo: expect.objectContaining({ state: 'CALLBACK_SUCCESS' }),
        labels: ['listed'],
      };
      expect(messages).toMatchObject([expected]);
      expect((await bench.rest.get(`/v2/workflows/dlq/${dlqId}`)).json).toMatchObject(expected);
      expect((await bench.rest.get('/v2/workflows/dlq?label=listed')).json).toMatchObject({ messages: [{ dlqId }] });
    });

    it('is deleted, once', async () => {
      const { runId, dlqId } = await failed('deleted');
      await untilListed('deleted', 1);
      expect(await bench.app.client.dlq.delete(dlqId)).toMatchObject({ deleted: 1 });
      expect(await bench.app.client.dlq.delete(dlqId)).toMatchObject({ deleted: 0 });
      expect((await bench.rest.get(`/v2/workflows/dlq/${dlqId}`)).status).toBe(404);
      expect((await bench.rest.delete(`/v2/workflows/dlq/${dlqId}`)).status).toBe(404);
      await expect(bench.app.client.dlq.resume(dlqId)).rejects.toMatchObject({ status: 404 });
      await untilListed('deleted', 0);
      expect((await bench.app.log(runId))?.workflowState).toBe('RUN_FAILED');
    });

    it('is resumed: a new run goes on where the old one failed', async () => {
      const { runId, dlqId } = await failed('resumed', { headers: { 'x-mine': 'yes' } });
      mended.add('resumed');
      const { workflowRuns } = await bench.app.client.dlq.resume(dlqId);
      expect(workflowRuns).toHaveLength(1);
      const resumed = workflowRuns[0]?.workflowRunId ?? '';
      expect(resumed).not.toBe(runId);
      const log = await bench.app.ended(resumed);
      expect(JSON.parse(log.workflowRunResponse ?? '')).toEqual({
        one: `one of ${runId}`,
        both: ['l', 'r'],
        fixed: 'fixed',
        last: 0,
        payload: 'payload of resumed',
      });
      const journal = bench.app.journal(resumed);
      expect(journal.order).toEqual(['fails', 'last']);
      await bench.called(resumed, 3);
      for (const { headers, history } of journal.deliveries) {
        expect(headers).toMatchObject({ 'x-mine': 'yes', 'upstash-workflow-runid': resumed });
        expect(history?.at(-1)?.messageId).toBe(headers['upstash-message-id']);
      }
      expect(Number(workflowRuns[0]?.workflowCreatedAt)).toBe(log.workflowRunCreatedAt);
      expect((await bench.rest.get(`/v2/workflows/dlq/${dlqId}`)).status).toBe(404);
      expect((await bench.app.log(runId))?.workflowState).toBe('RUN_FAILED');
    });

    it('is restarted: a new run from the payload alone', async () => {
      const { runId, dlqId } = await failed('restarted', { headers: { 'x-mine': 'yes' } });
      mended.add('restarted');
      const { workflowRuns } = await bench.app.client.dlq.restart([dlqId]);
      const restarted = workflowRuns[0]?.workflowRunId ?? '';
      expect(restarted).not.toBe(runId);
      const log = await bench.app.ended(restarted);
      expect(JSON.parse(log.workflowRunResponse ?? '')).toMatchObject({
        one: `one of ${restarted}`,
        payload: 'payload of restarted',
      });
      expect(bench.app.journal(restarted).order.slice(0, 1)).toEqual(['one']);
      expect(bench.app.journal(restarted).deliveries[0]?.headers['x-mine']).toBe('yes');
      await bench.called(restarted, 1 + 1 + 4 + 2);
    });

    it('that is resumed and fails again is a new one', async () => {
      const first = await failed('again');
      const { workflowRuns } = await bench.app.client.dlq.resume(first.dlqId);
      const second = await bench.app.ended(workflowRuns[0]?.workflowRunId ?? '');
      expect(second.workflowState).toBe('RUN_FAILED');
      expect(second.dlqId).not.toBe(first.dlqId);
      await until('its own is the one listed', async () => {
        const letters = await list({ label: 'again' });
        return letters.length === 1 && letters[0]?.dlqId === second.dlqId;
      });
      mended.add('again');
      const third = (await bench.app.client.dlq.resume(second.dlqId ?? '')).workflowRuns[0]?.workflowRunId ?? '';
      expect((await bench.app.ended(third)).workflowState).toBe('RUN_SUCCESS');
      expect(bench.app.journal(third).order).toEqual(['fails', 'last']);
    });

    it('keeps a failed branch’s siblings when it is resumed', async () => {
      let broken = true;
      const runId = await bench.app.begin(
        async (context, seen) => {
          const [left, right] = await Promise.all([
            context.run('left', () => seen.run('left', 'l')),
            context.run('right', async () => {
              // The first time, the other branch is to be done before this one fails.
              if (broken) await until('left was delivered', () => seen.calls > 3, 60_000);
              seen.run('right', undefined);
              if (broken) throw new Error('the right branch is broken');
              return 'r';
            }),
          ]);
          return [left, right];
        },
        { retries: 0 },
      );
      const { dlqId } = await bench.app.ended(runId);
      broken = false;
      const { workflowRuns } = await bench.app.client.dlq.resume(dlqId ?? '');
      const resumed = workflowRuns[0]?.workflowRunId ?? '';
      expect((await bench.app.ended(resumed)).workflowRunResponse).toBe('["l","r"]');
      expect(bench.app.journal(resumed).order).toEqual(['right']);
    });
  });

  describe('a resume', () => {
    it('takes other settings by its headers', async () => {
      const { dlqId } = await failed('overridden', { retryDelay: '50' });
      const { workflowRuns } = await bench.app.client.dlq.resume([dlqId], {
        retries: 2,
        flowControl: { key: 'flow-of.resume', parallelism: 7 },
      });
      const resumed = workflowRuns[0]?.workflowRunId ?? '';
      const log = await bench.app.ended(resumed);
      expect(log).toMatchObject({ workflowState: 'RUN_FAILED', flowControlKey: 'flow-of.resume' });
      expect(bench.app.journal(resumed).executions.get('fails')).toBe(3);
    });

    it('takes a label, a delay and a failure URL by its headers', async () => {
      const { dlqId } = await failed('relabelled');
      const before = Date.now();
      const answer = await bench.rest.post(`/v2/workflows/dlq/resume/${dlqId}`, {
        headers: {
          'upstash-label': 'another-label',
          'upstash-delay': '1s',
          'upstash-failure-callback': `${bench.thirdParty.url}/relabelled-failed`,
        },
      });
      expect(answer.status).toBe(200);
      // By one id the answer is one (protocol.md section 1).
      const { workflowRunId } = answer.json as Letter;
      const log = await bench.app.ended(workflowRunId);
      expect(log.labels).toEqual(['another-label']);
      expect((log.workflowRunCompletedAt ?? 0) - before).toBeGreaterThanOrEqual(999);
      await until('the other URL is told', () => bench.thirdParty.seen('/relabelled-failed').length === 1);
    });

    it('and a restart may name their letter as older clients do', async () => {
      const older = bench.app.client.dlq as unknown as OlderQueue;
      const resumed = await older.resume({ dlqId: (await failed('old-resume')).dlqId });
      expect(resumed.workflowRunId).toMatch(/^wfr/);
      const restarted = await older.restart({ dlqId: [(await failed('old-restart')).dlqId] });
      expect(restarted).toMatchObject([{ workflowRunId: expect.stringMatching(/^wfr/) }]);
      const { dlqId } = await failed('old-path');
      const answer = await bench.rest.post(`/v2/workflows/dlq/restart/${dlqId}`);
      expect(answer).toMatchObject({ status: 200, json: { workflowRunId: expect.any(String) } });
      for (const { workflowRunId } of [resumed, ...restarted, answer.json as Letter])
        await bench.app.ended(workflowRunId);
    });

    it('of what is not there is 404', async () => {
      await expect(bench.app.client.dlq.resume('dlq_unknown.wfr_unknown')).rejects.toMatchObject({ status: 404 });
      await expect(bench.app.client.dlq.restart('nonsense')).rejects.toMatchObject({ status: 404 });
    });
  });

  describe('many dead letters', () => {
    const several = async (name: string, count: number) => {
      const letters = await Promise.all(Array.from({ length: count }, () => failed(name)));
      await untilListed(name, count);
      return letters;
    };

    it('are walked through by a cursor, the newest first', async () => {
      const letters = await several('walked', 3);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await bench.app.client.dlq.list({
          count: 2,
          filter: { label: 'walked' },
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.messages.map(({ dlqId }) => dlqId));
        ({ cursor } = page);
      } while (cursor !== undefined);
      expect([...seen].sort()).toEqual(letters.map(({ dlqId }) => dlqId).sort());
    });

    it.each(['ids', 'filter', 'all'] as const)('are resumed by %s', async (way) => {
      const name = `resumed-by-${way}`;
      const letters = await several(name, 3);
      mended.add(name);
      const request = {
        ids: { dlqIds: letters.map(({ dlqId }) => dlqId) },
        filter: { filter: { label: name } },
        all: { all: true as const, count: 50 },
      }[way];
      const runs: Letter[] = [];
      let cursor: string | undefined;
      do {
        const page = await bench.app.client.dlq.resume({
          ...request,
          ...(cursor === undefined ? {} : { cursor }),
        } as typeof request);
        runs.push(...(page.workflowRuns as unknown as Letter[]));
        ({ cursor } = page);
      } while (cursor !== undefined);
      if (way === 'all') expect(runs.length).toBeGreaterThanOrEqual(3);
      else expect(runs).toHaveLength(3);
      await untilListed(name, 0);
      for (const { workflowRunId } of runs) await bench.app.ended(workflowRunId);
    });

    it('are deleted by ids, by filter, and all', async () => {
      const [one, two, ...rest] = await several('swept', 5);
      expect(await bench.app.client.dlq.delete([one!.dlqId, two!.dlqId, 'dlq_unknown.x'])).toMatchObject({
        deleted: 2,
      });
      expect(await bench.app.client.dlq.delete({ filter: { label: 'swept' }, count: 2 })).toMatchObject({ deleted: 2 });
      await untilListed('swept', rest.length - 2);
      let left: string | undefined;
      do {
        const page = await bench.app.client.dlq.delete({ all: true, ...(left === undefined ? {} : { cursor: left }) });
        left = page.cursor;
      } while (left !== undefined);
      await until('none is left', async () => (await list()).length === 0);
    });
  });

  describe('a list of dead letters', () => {
    it('is filtered by everything a letter has', async () => {
      const other = await failed('filtered-other');
      const before = Date.now();
      const mine = await failed(`filtered-${randomUUID()}`);
      const label = bench.app.journal(mine.runId).deliveries[0]?.headers['upstash-label'] as string;
      await untilListed(label, 1);
      await untilListed('filtered-other', 1);
      await until('the callback is done', async () => {
        const { messages } = await bench.app.client.dlq.list({ filter: { label } });
        return messages[0]?.failureCallbackInfo?.state === 'CALLBACK_SUCCESS';
      });
      const found = async (filter: object): Promise<string[]> => (await list(filter)).map(({ dlqId }) => dlqId);

      for (const filter of [
        { workflowRunId: mine.runId },
        { workflowRunId: mine.runId, workflowCreatedAt: mine.log.workflowRunCreatedAt },
        { workflowUrl: mine.url },
        { label },
        { label: [label, 'unknown'] },
        { label, responseStatus: 500 },
        { label, failureFunctionState: 'CALLBACK_SUCCESS' },
        { label, callerIp: '127.0.0.1' },
        { label, fromDate: before, toDate: Date.now() + 60_000 },
        { label, fromDate: new Date(before) },
      ])
        expect([filter, await found(filter)]).toEqual([filter, [mine.dlqId]]);
      for (const filter of [
        { label, workflowRunId: other.runId },
        { label, responseStatus: 404 },
        { label, failureFunctionState: 'CALLBACK_FAIL' },
        { label, callerIp: '10.0.0.1' },
        { label, toDate: before - 60_000 },
        { label, flowControlKey: 'unknown' },
      ])
        expect([filter, await found(filter)]).toEqual([filter, []]);
      expect(await found({ label: [label, 'filtered-other'] })).toHaveLength(2);
    });

    it('refuses a filter it doesn’t know', async () => {
      for (const path of ['/v2/dlq?source=workflow&labeel=x', '/v2/workflows/dlq?labeel=x'])
        expect((await bench.rest.get(path)).status).toBe(400);
      expect((await bench.rest.delete('/v2/workflows/dlq?labeel=x')).status).toBe(400);
      expect((await bench.rest.post('/v2/workflows/dlq/resume?labeel=x')).status).toBe(400);
    });

    it('of messages holds no workflows', async () => {
      const { runId } = await failed('not-a-message');
      const answer = await bench.rest.get('/v2/dlq');
      if (answer.status === 200) expect(answer.text).not.toContain(runId);
      else expect(answer.status).toBe(501);
    });
  });
}
