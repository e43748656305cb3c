import type { AuditRunAnswer, Refused } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { runKey } from './aggregates';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';
import { partitionOfRun, RunClient } from './testing/run-client';

/*
 * Runs that were made to stand still, and the auditor of the whole service (E4). The stand-in of the scheduler never fires a timer by
 * itself, that of the http-caller never reports: whatever isn't done by the test is lost.
 */

const SETTINGS = { auditEveryMs: 0, auditGraceMs: 50, auditRate: 1_000 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const beyondGrace = (): Promise<void> => pause(150);

describe('the auditor', () => {
  let world: RunStateWorld;
  let member: Member;
  const run = (runId: string): RunClient => new RunClient(world.client, runId);

  beforeEach(async () => {
    world = await new RunStateWorld({ settings: SETTINGS }).open();
    member = await world.member('one');
    await world.settled(member);
  });
  afterEach(async () => {
    await world.close();
  });

  const walk = () => member.runtime.auditor.walk();
  const faults = async (): Promise<[fault: unknown, waitingFor: unknown, count: number][]> =>
    (await member.counted('stepwell_stuck_runs_total')).map(({ labels, value }) => {
      const { fault, waiting_for: waitingFor } = labels as Record<string, unknown>;
      return [fault, waitingFor, value];
    });

  it('finds nothing wrong with runs that wait for what is under way', async () => {
    let answer = (): void => undefined;
    world.onDeliver = () => new Promise((resolve) => (answer = resolve));
    await run('wfr_a').start();
    await run('wfr_b').start();
    await run('wfr_b').step(1, { delayMs: 3_600_000 });
    await run('wfr_c').start();
    await run('wfr_c').finish();
    await beyondGrace();
    await walk();
    expect(await faults()).toEqual([]);
    expect(await member.counted('stepwell_audited_runs_total')).toMatchObject([{ value: 2 }]);
    expect(world.delivered.filter(({ runId }) => runId === 'wfr_a')).toHaveLength(1);
    answer();
  });

  it('sets a timer again that was lost', async () => {
    const client = run('wfr_a');
    await client.start();
    await client.step(1, { step: { stepId: 1, stepName: 's', stepType: 'SleepFor', concurrent: 1 }, delayMs: 100 });
    await until(() => world.timers.size === 1);
    const [lost = ''] = world.timers.keys();
    world.timers.clear();
    await walk();
    expect(await faults()).toEqual([]);
    await beyondGrace();
    await walk();
    expect(await faults()).toEqual([['overdue', 'sleep', 1]]);
    await until(() => world.timers.has(lost));
    await world.fire(lost);
    await until(() => world.delivered.some(({ messageId }) => messageId === 'msg_wfr_a_1'));
    await walk();
    expect(await faults()).toEqual([['overdue', 'sleep', 1]]);
  });

  it('queues a delivery again that the broker does not have, and leaves one alone that it has', async () => {
    const client = run('wfr_a');
    await client.start();
    await until(() => world.delivered.length === 1);
    await walk();
    expect(world.delivered).toHaveLength(1);
    await beyondGrace();
    world.onDeliver = () => new Promise(() => undefined);
    await walk();
    await until(() => world.delivered.length === 2);
    expect(world.delivered.map(({ messageId, attempt }) => [messageId, attempt])).toEqual([
      ['msg_wfr_a', 0],
      ['msg_wfr_a', 0],
    ]);
    await walk();
    expect(await faults()).toEqual([['lost', 'delivery', 1]]);
    expect(world.delivered).toHaveLength(2);
  });

  it('has a wait time out whose deadline nobody noticed', async () => {
    const client = run('wfr_a');
    await client.start();
    await client.wait(1, 'order-7', { timeoutMs: 50 });
    world.timers.clear();
    await beyondGrace();
    await walk();
    expect(await faults()).toEqual([['overdue', 'event', 1]]);
    await until(() => world.delivered.some(({ messageId }) => messageId.includes('result')));
    expect(await client.explain()).toMatchObject({ reason: { waitingFor: 'delivery' } });
  });

  it('reminds a parent of its child’s end, and makes sure of a child that runs', async () => {
    const [parent, child] = [run('wfr_parent'), run('wfr_child')];
    await parent.start();
    await parent.invoke(1, 'wfr_child');
    await beyondGrace();
    await parent.report('msg_wfr_parent');
    await walk();
    expect((await faults()).filter(([, waitingFor]) => waitingFor === 'child')).toEqual([]);
    await child.finish('"done"');
    await until(() => world.delivered.some(({ messageId }) => messageId.includes('result')));
    // As if the parent had not been told: asked once more, the child's owner tells it, and it is a run that knows.
    const { head } = await world.client.ask(asks.AuditRun, child.address, message({ runId: 'wfr_child' }));
    expect(head).toMatchObject({ status: 'succeeded', faults: [], completedAt: expect.any(Number) as number });
  });

  it('says of a run at once what is wrong with it, and of an unknown one that it is', async () => {
    const audit = async (runId: string): Promise<AuditRunAnswer | Refused> =>
      (await world.client.ask(asks.AuditRun, run(runId).address, message({ runId }))).head;
    expect(await audit('wfr_a')).toMatchObject({ refused: 'UNKNOWN_RUN' });
    await run('wfr_a').start();
    expect(await audit('wfr_a')).toEqual({ status: 'running', faults: [] });
    await beyondGrace();
    expect(await audit('wfr_a')).toEqual({ status: 'running', faults: ['lost'] });
  });

  it('tells of a run that can not say what it waits for, and of one that can not be read', async () => {
    await run('wfr_a').start();
    const stream = await member.runtime.registry.host(partitionOfRun('wfr_a')).stream(runKey('wfr_a'));
    stream.state?.owed.clear();
    await run('wfr_b').start();
    await member.runtime.rowWriter.flush();
    await walk();
    expect(await faults()).toEqual([['unexplained', 'unknown', 1]]);
    await member.stop();
    const partition = partitionOfRun('wfr_b');
    for (const [n, entry] of world.data.entries.get(partition) ?? []) {
      if (entry.stream === 'run-wfr_b') world.data.entries.get(partition)?.set(n, { ...entry, sum: 'damaged' });
    }
    member = await world.member('two');
    await world.settled(member);
    await walk();
    expect(await faults()).toContainEqual(['unreadable', 'unknown', 1]);
  });

  it('looks after failure callbacks', async () => {
    const client = run('wfr_a');
    await client.start('ask', undefined, { failureCallback: { url: 'http://app/f', forwards: [] } });
    await until(() => world.delivered.length === 1);
    await client.fail();
    await until(() => world.delivered.length === 2);
    await member.runtime.rowWriter.flush();
    await beyondGrace();
    await walk();
    expect(await faults()).toEqual([['lost', 'failure-callback', 1]]);
    await until(() => world.delivered.length === 3);
  });

  it('mends rows that say something else than their run, and does not keep what it looks at', async () => {
    await world.close();
    world = await new RunStateWorld({ settings: SETTINGS, cachedRuns: 64 }).open();
    member = await world.member('one');
    await world.settled(member);
    const clients = Array.from({ length: 20 }, (_, k) => run(`wfr_${k}`));
    for (const client of clients) await client.start();
    for (const client of clients) await client.wait(1, 'order-7');
    await member.runtime.rowWriter.flush();
    for (const [runId, row] of world.data.rows) world.data.rows.set(runId, { ...row, waitingFor: 'delivery' });
    await walk();
    await until(() => [...world.data.rows.values()].every(({ waitingFor }) => waitingFor === 'event'));
    expect(await faults()).toEqual([]);
  });

  it('walks by itself', async () => {
    await world.close();
    world = await new RunStateWorld({ settings: { ...SETTINGS, auditEveryMs: 20 } }).open();
    member = await world.member('one');
    await world.settled(member);
    await run('wfr_a').start();
    await until(() => world.delivered.length >= 2);
    expect((await faults())[0]?.slice(0, 2)).toEqual(['lost', 'delivery']);
  });
});
