import { randomUUID } from 'node:crypto';
import { until } from '../until';
import type { TriggerOptions, Workflow } from '../workflow-app';
import type { Bench } from './bench';

const sleepy: Workflow = async (context, seen) => {
  await context.sleep('long', '1h');
  return context.run('never', () => seen.run('never', 1));
};

/* Cancelling (protocol.md 8.8): what is pending is dropped, nobody is called back, what comes late is refused. */
export function cancels(bench: Bench): void {
  const asleep = async (options: TriggerOptions = {}, route = bench.app.addOnce(sleepy)) => {
    const runId = await bench.app.trigger(route, options);
    await until(`${runId} sleeps`, () => bench.app.journal(runId).calls === 1);
    return { runId, url: `${bench.app.url}/${route}` };
  };
  const expectCancelled = async (...runIds: string[]): Promise<void> => {
    for (const runId of runIds) {
      expect((await bench.app.ended(runId)).workflowState).toBe('RUN_CANCELED');
      await bench.called(runId, 1);
    }
  };

  describe('a cancel', () => {
    it('by id ends a run, once', async () => {
      const { runId } = await asleep();
      expect(await bench.app.client.cancel(runId)).toEqual({ cancelled: 1 });
      await expectCancelled(runId);
      expect(await bench.app.client.cancel([runId, 'wfr_unknown'])).toEqual({ cancelled: 0 });
      expect(bench.app.journal(runId).failureFunction).toBeUndefined();
      const log = await bench.app.log(runId);
      expect(log).not.toHaveProperty('dlqId');
      expect(log).not.toHaveProperty('failureFunction');
    });

    it('of one run by its own path says what there was', async () => {
      const { runId } = await asleep();
      const path = `/v2/workflows/runs/${runId}?cancel=true`;
      expect((await bench.rest.delete(path)).status).toBe(200);
      await expectCancelled(runId);
      expect((await bench.rest.delete('/v2/workflows/runs/wfr_unknown?cancel=true')).status).toBe(404);
    });

    it('of a list counts those that ran', async () => {
      const one = await asleep();
      const two = await asleep();
      expect(await bench.app.client.cancel([one.runId, two.runId, one.runId, 'wfr_unknown'])).toEqual({ cancelled: 2 });
      await expectCancelled(one.runId, two.runId);
    });

    it('by the beginning of a URL, or by a whole one', async () => {
      const stem = `sleepy-${randomUUID()}`;
      bench.app.add(stem, sleepy);
      bench.app.add(`${stem}-more`, sleepy);
      const short = await asleep({}, stem);
      const long = await asleep({}, `${stem}-more`);
      const again = await asleep({}, `${stem}-more`);
      const { client } = bench.app;
      expect(await client.cancel({ filter: { workflowUrl: short.url } })).toEqual({ cancelled: 1 });
      await expectCancelled(short.runId);
      expect(await client.cancel({ filter: { workflowUrlStartingWith: short.url } })).toEqual({ cancelled: 2 });
      await expectCancelled(long.runId, again.runId);
    });

    it('by label, dates, address or flow key, and by all of them at once', async () => {
      const label = `label-${randomUUID()}`;
      const key = `flow-${randomUUID()}`;
      const other = await asleep({ label: ['other', label] });
      // A minute to spare: runs have the engine's time, and that is not this process' own.
      const before = Date.now();
      const mine = await asleep({ label, flowControl: { key, parallelism: 5 } });
      const after = Date.now();
      const { client } = bench.app;
      const none = [
        { label: 'nobody' },
        { label, flowControlKey: 'nobody' },
        { label, callerIp: '10.0.0.1' },
        { label, toDate: before - 60_000 },
        { label, fromDate: after + 60_000 },
      ];
      for (const filter of none) expect([filter, await client.cancel({ filter })]).toEqual([filter, { cancelled: 0 }]);
      expect(
        await client.cancel({
          filter: { flowControlKey: key, label, callerIp: '127.0.0.1', fromDate: before - 60_000 },
        }),
      ).toEqual({
        cancelled: 1,
      });
      await expectCancelled(mine.runId);
      expect(await client.cancel({ filter: { label: [label, 'nobody'], toDate: after + 60_000 } })).toEqual({
        cancelled: 1,
      });
      await expectCancelled(other.runId);
    });

    it('by host and path, as the newest client can', async () => {
      const { runId, url } = await asleep();
      const { host, pathname } = new URL(url);
      const { client } = bench.app;
      expect(await client.cancel({ filter: { host: 'elsewhere.example', path: pathname } })).toEqual({ cancelled: 0 });
      expect(await client.cancel({ filter: { host: [host, 'elsewhere.example'], path: pathname } })).toEqual({
        cancelled: 1,
      });
      await expectCancelled(runId);
    });

    it('of no more than it was told, and then of all', async () => {
      const route = bench.app.addOnce(sleepy);
      const runs = await Promise.all([1, 2, 3].map(() => asleep({}, route)));
      const filter = { workflowUrl: `${bench.app.url}/${route}` };
      expect(await bench.app.client.cancel({ filter, count: 2 })).toEqual({ cancelled: 2 });
      const { cancelled } = await bench.app.client.cancel({ all: true });
      expect(cancelled).toBeGreaterThanOrEqual(1);
      await expectCancelled(...runs.map(({ runId }) => runId));
    });

    it.each<[string, (run: { runId: string; url: string }) => object]>([
      ['ids', ({ runId }) => ({ workflowRunIds: [runId] })],
      ['a URL', ({ url }) => ({ workflowUrl: url })],
      ['nothing, that is all', () => ({})],
    ])('may say it in its body, as older clients do: %s', async (_what, body) => {
      const run = await asleep();
      const answer = await bench.rest.delete('/v2/workflows/runs', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body(run)),
      });
      expect(answer.status).toBe(200);
      expect((answer.json as { cancelled: number }).cancelled).toBeGreaterThanOrEqual(1);
      await expectCancelled(run.runId);
    });

    it('refuses a filter it doesn’t know, and cancels nothing', async () => {
      const { runId } = await asleep();
      expect((await bench.rest.delete('/v2/workflows/runs?labeel=x')).status).toBe(400);
      expect((await bench.app.log(runId))?.workflowState).toBe('RUN_STARTED');
      await bench.app.client.cancel(runId);
    });
  });

  describe('a cancelled run', () => {
    it('may have cancelled itself', async () => {
      const { runId, log, journal } = await bench.runs(async (context, seen) => {
        await context.run('one', () => seen.run('one', 1));
        await context.cancel();
        return context.run('never', () => seen.run('never', 1));
      });
      expect(log.workflowState).toBe('RUN_CANCELED');
      expect(journal.order).toEqual(['one']);
      await bench.called(runId, 2);
    });

    it('isn’t interrupted; what its step submits then is refused', async () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((done) => {
        release = done;
      });
      const runId = await bench.app.begin(async (context, seen) => {
        await context.run('held', async () => {
          seen.notes.set('entered', true);
          await held;
          return seen.run('held', 1);
        });
        return context.run('never', () => seen.run('never', 1));
      });
      await until('the step runs', () => bench.app.journal(runId).notes.has('entered'));
      expect(await bench.app.client.cancel(runId)).toEqual({ cancelled: 1 });
      release();
      await until('the step is done', () => bench.app.journal(runId).order.length === 1);
      await expectCancelled(runId);
      expect(bench.app.journal(runId).order).toEqual(['held']);
    });

    it('drops what is retrying, and the call that is under way', async () => {
      bench.thirdParty.answersAt('/slow-cancel', { afterMs: 1_500, body: '"late"' });
      const retrying = await bench.app.begin(
        async (context) =>
          context.run('fails', () => {
            throw new Error('by intention');
          }),
        { retries: 3, retryDelay: '500' },
      );
      const calling = await bench.app.begin(async (context) =>
        context.call('slow', { url: `${bench.thirdParty.url}/slow-cancel` }),
      );
      await until(
        'one failed, one calls',
        () => bench.app.journal(retrying).calls === 1 && bench.thirdParty.seen('/slow-cancel').length === 1,
      );
      expect(await bench.app.client.cancel([retrying, calling])).toEqual({ cancelled: 2 });
      await expectCancelled(retrying, calling);
    });
  });
}
