import type { RunFilter } from '@stepwell/core';
import { RunStateWorld, until } from './testing/run-state-world';
import { listRuns, RunClient } from './testing/run-client';

/* What runs wait for, as the whole service tells it: one run at once, lists by it a second later (E4, L9). */

describe('why runs are not moving', () => {
  let world: RunStateWorld;
  const run = (runId: string): RunClient => new RunClient(world.client, runId);
  const listed = async (filter: RunFilter): Promise<string[]> => {
    const answer = await listRuns(world.client, 100, undefined, filter);
    return 'rows' in answer ? answer.rows.map(({ runId }) => runId).sort() : [answer.refused];
  };
  const untilListed = async (filter: RunFilter, runIds: readonly string[]): Promise<void> => {
    for (let tries = 0; (await listed(filter)).join() !== runIds.join(); tries += 1) {
      if (tries === 100) throw new Error(`listed are ${(await listed(filter)).join()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  beforeEach(async () => {
    world = await new RunStateWorld().open();
    await world.settled(await world.member('one'));
  });
  afterEach(async () => {
    await world.close();
  });

  it('is told of one run at any moment', async () => {
    const client = run('wfr_a');
    expect(await client.explain()).toMatchObject({ refused: 'UNKNOWN_RUN' });
    await client.start();
    expect(await client.explain()).toMatchObject({ status: 'running', reason: { waitingFor: 'delivery' }, others: [] });
    await client.wait(1, 'order-7');
    expect(await client.explain()).toMatchObject({ reason: { waitingFor: 'event', eventId: 'order-7' } });
    await client.finish();
    expect(await client.explain()).toEqual({ status: 'succeeded', others: [], othersTotal: 0 });
  });

  it('counts all branches and lists the first hundred', async () => {
    const client = run('wfr_a');
    await client.start();
    await client.waitTimes(150, 'order-7');
    const answer = await client.explain();
    expect(answer).toMatchObject({ reason: { waitingFor: 'event' }, othersTotal: 149 });
    expect('others' in answer && answer.others).toHaveLength(100);
  });

  it('is what lists find runs by, once it has held for a second', async () => {
    const [waiting, sleeping, running] = ['wfr_a', 'wfr_b', 'wfr_c'].map(run);
    for (const client of [waiting, sleeping, running]) await client?.start();
    expect(await listed({ waitingFor: 'delivery' })).toEqual(['wfr_a', 'wfr_b', 'wfr_c']);
    await waiting?.wait(1, 'order-7');
    await sleeping?.step(1, {
      step: { stepId: 1, stepName: 's', stepType: 'SleepFor', concurrent: 1 },
      delayMs: 60_000,
    });
    await untilListed({ waitingFor: 'event' }, ['wfr_a']);
    await untilListed({ waitingFor: 'sleep' }, ['wfr_b']);
    expect(await listed({ waitingFor: ['event', 'sleep'] })).toEqual(['wfr_a', 'wfr_b']);
    expect(await listed({ waitingFor: 'delivery' })).toEqual(['wfr_c']);
    await waiting?.finish();
    expect(await listed({ waitingFor: 'event' })).toEqual([]);
  });

  it('is in the rows at an orderly end, and made anew where rows of before lack it', async () => {
    await world.close();
    world = await new RunStateWorld().open();
    const one = await world.member('one');
    await world.settled(one);
    await run('wfr_a').start();
    await run('wfr_a').wait(1, 'order-7');
    await one.stop();
    expect(world.data.rows.get('wfr_a')).toMatchObject({ waitingFor: 'event' });
    // As a version left them that knew of no reasons: complete by its own mark.
    for (const [runId, { waitingFor: _unknown, ...row }] of world.data.rows) world.data.rows.set(runId, row);
    world.data.completeUpTo.clear();
    await world.settled(await world.member('two'));
    await until(() => world.data.rows.get('wfr_a')?.waitingFor === 'event');
    expect(await listed({ waitingFor: 'event' })).toEqual(['wfr_a']);
  });
});
