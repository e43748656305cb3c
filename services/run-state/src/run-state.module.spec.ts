import { asks, message } from '@stepwell/core';
import { AttemptsController } from './asks/attempts.controller';
import { QueriesController } from './asks/queries.controller';
import { SubmissionsController } from './asks/submissions.controller';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';
import { listRuns, partitionOfRun, RunClient } from './testing/run-client';

/* The whole service over the in-memory twins, in real time: what its askers see, whoever owns the partition meanwhile. */

describe('run-state', () => {
  let world: RunStateWorld;
  const run = (runId: string): RunClient => new RunClient(world.client, runId);

  beforeEach(async () => {
    world = await new RunStateWorld().open();
  });
  afterEach(async () => {
    await world.close();
  });

  /** Refuses with Silence = the asker hears nothing. */
  const silent = async (answer: Promise<unknown>): Promise<void> => {
    await expect(answer).rejects.toMatchObject({ name: 'Silence' });
  };

  describe('one member', () => {
    let member: Member;
    beforeEach(async () => {
      member = await world.member('one');
      await world.settled(member);
    });

    it('takes a run from its start over its steps to its end, and sends what each owes', async () => {
      const client = run('wfr_a');
      expect(await client.start()).toMatchObject({ items: [{ messageId: 'msg_wfr_a', deduplicated: false }] });
      await until(() => world.delivered.length === 1);
      await client.step(1);
      await until(() => world.delivered.length === 2);
      expect(world.delivered.map(({ messageId, eventAt }) => [messageId, eventAt > 0])).toEqual([
        ['msg_wfr_a', true],
        ['msg_wfr_a_1', true],
      ]);
      expect(world.delivered[1]?.tail.map(({ index }) => index)).toEqual([0, 1]);
      expect(await client.isWanted('msg_wfr_a')).toBe(false);
      expect(await client.isWanted('msg_wfr_a_1')).toBe(true);
      await client.finish();
      await until(() => world.announced.length === 1);
      expect(await listRuns(world.client)).toMatchObject({ rows: [{ runId: 'wfr_a', status: 'succeeded' }] });
      expect(await client.log()).toMatchObject({ workflowRunId: 'wfr_a', workflowState: 'RUN_SUCCESS' });
      expect(await client.step(2)).toMatchObject({ refused: 'RUN_ENDED' });
    });

    it('writes no blob for what it refuses or knows, and one for what it takes (L5)', async () => {
      const large = Buffer.alloc(300 * 1024, 'x');
      expect(await run('wfr_nobody').step(1, {}, large)).toMatchObject({ refused: 'RUN_ENDED' });
      expect(world.data.blobs.size).toBe(0);
      await run('wfr_b').start('ask', large);
      expect(world.data.blobs.size).toBe(1);
      await run('wfr_b').start('another', Buffer.alloc(300 * 1024, 'y'));
      expect(world.data.blobs.size).toBe(1);
    });

    it('keeps a large body as the exact bytes, for whoever asks for it', async () => {
      const large = Buffer.alloc(600 * 1024, 'x');
      const client = run('wfr_b');
      await client.start('ask', large);
      await until(() => world.delivered.length === 1);
      const [blob = ''] = [...world.data.blobs.keys()].map((key) => key.split('/')[1]);
      const request = message({ runId: 'wfr_b', sha256: blob });
      const answer = await world.client.ask(asks.ReadBody, client.address, request);
      expect(Buffer.compare(answer.bodies[0] ?? Buffer.alloc(0), large)).toBe(0);
    });

    it('refuses a cursor that no list returned', async () => {
      expect(await listRuns(world.client, 10, 'nonsense')).toMatchObject({ refused: 'INVALID_QUERY' });
    });

    it('sends everything unsettled again when the broker forgot it, and what it announced lately (E3)', async () => {
      await run('wfr_c').start();
      await run('wfr_d').start();
      await run('wfr_d').finish();
      await until(() => world.delivered.length === 2 && world.announced.length === 1);
      world.broker.forget();
      await until(() => world.announced.length === 2);
      await until(() => world.delivered.length === 3);
      expect(world.delivered[2]?.runId).toBe('wfr_c');
    });

    it('does not send again what succeeded, written or not (L7)', async () => {
      const client = run('wfr_e');
      await client.start();
      const plan = (targetStep: number) => ({ stepId: 0, stepName: 's', stepType: 'Run', concurrent: 2, targetStep });
      await client.step(101, { step: plan(1) });
      await client.step(102, { step: plan(2) });
      const result = (stepId: number) => ({ stepId, stepName: 's', stepType: 'Run', concurrent: 2 });
      await client.step(1, { step: result(1) });
      await until(() => world.delivered.some(({ messageId }) => messageId === 'msg_wfr_e_1'));
      await client.report('msg_wfr_e_1', { status: 200 });
      const before = world.delivered.length;
      world.broker.forget();
      await until(() => world.delivered.length > before);
      await run('wfr_other').start();
      await until(() => world.delivered.some(({ runId }) => runId === 'wfr_other'));
      expect(world.delivered.slice(before).map(({ messageId }) => messageId)).not.toContain('msg_wfr_e_1');
    });

    it('leaves an unreadable run aside: the others’ timers and lists go on', async () => {
      const client = run('wfr_f');
      await client.start();
      await client.step(1);
      await member.stop();
      const partition = partitionOfRun('wfr_f');
      for (const [n, entry] of world.data.entries.get(partition) ?? []) {
        if (entry.stream === 'run-wfr_f' && entry.version === 2)
          world.data.entries.get(partition)?.set(n, { ...entry, sum: 'damaged' });
      }
      world.data.checkpoints.clear();
      world.data.rows.clear();
      world.data.completeUpTo.clear();
      const next = await world.member('two');
      await world.settled(next);
      await run('wfr_g').start();
      expect(await listRuns(world.client)).toMatchObject({ rows: [{ runId: 'wfr_g' }] });
      const timers = [{ runId: 'wfr_f', messageId: 'msg', attempt: 0 }];
      const due = await world.client.ask(asks.TimersDue, { partition }, message({ timers }));
      expect(due.head.results).toEqual([{ done: true }]);
      await until(() => (world.data.checkpoints.get(partition)?.holes.length ?? 0) > 0);
    });
  });

  it('works with one cached run per partition as with thousands', async () => {
    await world.close();
    world = await new RunStateWorld({ cachedRuns: 64 }).open();
    const member = await world.member('one');
    await world.settled(member);
    const runs = Array.from({ length: 300 }, (_, i) => run(`wfr_${i}`));
    await Promise.all(
      runs.map(async (client) => {
        await client.start();
        await Promise.all([client.step(1), client.isWanted(`msg_${client.runId}`), client.log()]);
        await Promise.all([client.step(2), client.finish()]);
      }),
    );
    for (const { tenure } of member.runtime.registry.hosts()) expect(tenure.term).toBe(1);
    expect(await listRuns(world.client)).toMatchObject({ rows: { length: 300 } });
  });

  it('hands over in order: checkpoint and all, without waiting for a lease', async () => {
    await world.close();
    world = await new RunStateWorld({ leaseMs: 60_000 }).open();
    const one = await world.member('one');
    await world.settled(one);
    const first = await run('wfr_a').start();
    await until(() => world.delivered.length === 1);
    await one.stop();
    const two = await world.member('two');
    await world.settled(two);
    expect(await run('wfr_a').start()).toEqual(first);
    const { n = 0, holes = [] } = world.data.checkpoints.get(partitionOfRun('wfr_a')) ?? {};
    expect(holes).toEqual([n]);
  });

  it('shares the partitions with a second member, and answers all the while', async () => {
    const one = await world.member('one');
    await world.settled(one);
    const story = { isOver: false };
    const asking = (async () => {
      for (let i = 0; !story.isOver; i += 1) await run(`wfr_${i}`).start();
    })();
    const two = await world.member('two');
    await until(() => two.held() > 0);
    await world.settled(one, two);
    story.isOver = true;
    await asking;
    expect(one.held() + two.held()).toBe(64);
  });

  it('takes over from a member that died without a word: same answers, and exactly what is owed is sent again', async () => {
    const one = await world.member('one');
    await world.settled(one);
    const clients = Array.from({ length: 40 }, (_, i) => run(`wfr_${i}`));
    const starts = await Promise.all(clients.map((client) => client.start()));
    const steps = await Promise.all(clients.slice(0, 20).map((client) => client.step(1)));
    await Promise.all(clients.slice(0, 10).map((client) => client.finish()));
    await until(() => world.announced.length === 10 && world.delivered.length === 60);
    one.kill();
    world.delivered.length = 0;
    const two = await world.member('two');
    await world.settled(two);
    expect(await Promise.all(clients.map((client) => client.start()))).toEqual(starts);
    expect(await Promise.all(clients.slice(10, 20).map((client) => client.step(1)))).toEqual(steps.slice(10));
    // What is queued already isn't queued twice; the rest was acknowledged by a caller that never reported.
    await until(() => world.delivered.length === 30);
    expect(world.delivered.map(({ messageId }) => messageId).sort()).toEqual(
      [
        ...clients.slice(10, 20).map(({ runId }) => `msg_${runId}_1`),
        ...clients.slice(20).map(({ runId }) => `msg_${runId}`),
      ].sort(),
    );
  });

  it('never lets a zombie answer from its memory, and fences its late insert (L2, L4)', async () => {
    const zombie = await world.member('zombie');
    await world.settled(zombie);
    await run('wfr_z').start();
    const partition = partitionOfRun('wfr_z');
    const { tenure } = zombie.runtime.registry.host(partition);
    const membership = zombie.runtime.store.membership;
    // What it is asked from here on is asked of it alone.
    zombie.kill();
    await until(() => !membership.leaseIsValid());
    const two = await world.member('two');
    await world.settled(two);
    await run('wfr_z').step(1);
    await run('wfr_z').finish();

    const to = (name: string) => ({ name, askId: 'x', partition });
    const key = { runId: 'wfr_z', messageId: 'msg_wfr_z', attempt: 0 };
    await silent(zombie.controller(AttemptsController).stillWanted(message(key), to('StillWanted')));
    const queries = zombie.controller(QueriesController);
    await silent(queries.readRunLog(message({ runId: 'wfr_z', trimBody: true }), to('ReadRunLog')));
    const unknown = { ...to('ReadRunLog'), partition: partitionOfRun('wfr_none') };
    await silent(queries.readRunLog(message({ runId: 'wfr_none', trimBody: true }), unknown));
    await silent(queries.readBody(message({ runId: 'wfr_z', sha256: 'none' }), to('ReadBody')));
    await silent(queries.listRuns(message({ filter: {}, count: 10 })));
    const submissions = zombie.controller(SubmissionsController);
    await silent(submissions.finish(message({ runId: 'wfr_z' }), to('FinishRun')));
    expect(tenure.lost.aborted).toBe(true);
    expect(await run('wfr_z').log()).toMatchObject({ workflowState: 'RUN_SUCCESS' });
  });

  it('gives the same answers from the log alone: read models and checkpoints dropped', async () => {
    const one = await world.member('one');
    await world.settled(one);
    const clients = Array.from({ length: 30 }, (_, i) => run(`wfr_${i}`));
    for (const client of clients) await client.start();
    await Promise.all(clients.slice(0, 10).map((client) => client.finish()));
    await Promise.all(clients.slice(10, 20).map((client) => client.step(1, { delayMs: 3_600_000 })));
    await until(() => world.timers.size === 10 && world.announced.length === 10);
    await until(() => [...world.data.rows.values()].filter((row) => row.waitingFor === 'delay').length === 10);
    const rows = await listRuns(world.client);
    const logs = await Promise.all(clients.map((client) => client.log()));
    const timers = new Map(world.timers);
    await one.stop();
    world.data.rows.clear();
    world.data.completeUpTo.clear();
    world.data.checkpoints.clear();
    world.timers.clear();
    const two = await world.member('two');
    await world.settled(two);
    await until(() => world.timers.size === 10);
    expect(world.timers).toEqual(timers);
    expect(await Promise.all(clients.map((client) => client.log()))).toEqual(logs);
    const versionless = (list: typeof rows) =>
      'rows' in list ? list.rows.map((row) => ({ ...row, version: 0 })) : list;
    expect(versionless(await listRuns(world.client))).toEqual(versionless(rows));
  });
});
