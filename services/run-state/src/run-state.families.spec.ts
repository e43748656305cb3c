import { asks, idInOtherRun, idInRun, isRefused, message, waitTimerId } from '@stepwell/core';
import { MailboxClient } from './testing/mailbox-client';
import { listRuns, RunClient } from './testing/run-client';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';

/* Runs that begin other runs (protocol.md 8.7, 12), over the whole service, the in-memory twins, in real time. */

interface Logged {
  readonly workflowState?: string;
  readonly dlqId?: string;
  readonly steps: readonly { readonly steps: readonly Record<string, unknown>[] }[];
}

describe('runs that begin others', () => {
  let world: RunStateWorld;
  let member: Member;
  const run = (runId: string): RunClient => new RunClient(world.client, runId);
  const logOf = async (client: RunClient): Promise<Logged> => (await client.log()) as Logged;

  beforeEach(async () => {
    world = await new RunStateWorld().open();
    member = await world.member('one');
    await world.settled(member);
  });
  afterEach(async () => {
    await world.close();
  });

  const deliveriesTo = (runId: string) => world.delivered.filter((item) => item.runId === runId);
  const stepOf = async (client: RunClient, stepId: number): Promise<Record<string, unknown> | undefined> =>
    (await logOf(client)).steps.flatMap(({ steps }) => steps).find((step) => step['stepId'] === stepId);
  const outOf = async (client: RunClient, stepId: number): Promise<unknown> => {
    const { out } = (await stepOf(client, stepId)) ?? {};
    return typeof out === 'string' ? (JSON.parse(out) as unknown) : out;
  };

  /** The dead letter of a run that has just failed. */
  const letterOf = async (client: RunClient): Promise<string> => (await logOf(client)).dlqId ?? '';

  describe('an invoke', () => {
    const invoking = async (parentId: string, childId: string): Promise<{ parent: RunClient; child: RunClient }> => {
      const parent = run(parentId);
      await parent.start();
      expect(isRefused(await parent.invoke(1, childId))).toBe(false);
      return { parent, child: run(childId) };
    };

    it('has begun the child when it is answered, with its payload and who invoked it', async () => {
      const { child } = await invoking('wfr_p', 'wfr_c');
      expect(await child.log()).toMatchObject({
        workflowState: 'RUN_STARTED',
        invoker: { workflowRunId: 'wfr_p' },
        steps: [{ steps: [{ out: '"hi"' }] }, {}],
      });
      await until(() => deliveriesTo('wfr_c').length === 1);
    });

    it.each([
      [
        'succeeds',
        (child: RunClient) => child.finish('{"y":2}'),
        { body: '{"y":2}', isFailed: false, isCanceled: false },
      ],
      [
        'fails',
        (child: RunClient) => child.fail(idInRun('msg', 'start', child.runId)),
        { isFailed: true, isCanceled: false },
      ],
      ['is cancelled', (child: RunClient) => child.cancel(), { isFailed: false, isCanceled: true }],
    ])('that %s tells the parent', async (_what, end, outcome) => {
      const { parent, child } = await invoking('wfr_p', 'wfr_c');
      await end(child);
      await until(() => deliveriesTo('wfr_p').length === 2);
      expect(await outOf(parent, 1)).toEqual({ ...outcome, workflowRunId: 'wfr_c' });
    });

    it('is logged, and delivered to nobody, when the parent has ended (8.7)', async () => {
      const { parent, child } = await invoking('wfr_p', 'wfr_c');
      await parent.cancel();
      await child.finish('1');
      while (!(await outOf(parent, 1))) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(deliveriesTo('wfr_p')).toHaveLength(1);
    });

    it('begins no child again whose id is another run’s: the step fails instead of waiting for ever', async () => {
      await run('wfr_c').start();
      const { parent } = await invoking('wfr_p', 'wfr_c');
      expect(await outOf(parent, 1)).toMatchObject({ isFailed: true });
      expect(await run('wfr_c').log()).not.toHaveProperty('invoker');
    });

    it('is told again to a run that is still being made: it may be about to take over from the parent', async () => {
      const tell = {
        kind: 'child-ended',
        runId: 'wfr_none',
        messageId: 'm',
        childRunId: 'wfr_c',
        outcome: 'failed',
      } as const;
      const request = message({ tells: [tell] });
      const answer = await world.client.ask(asks.TellRuns, run('wfr_none').address, request);
      expect(answer.head).toEqual({ results: [{ notYet: true }] });
    });

    it('hands a large payload and a large result over as what they are (L5)', async () => {
      const parent = run('wfr_p');
      await parent.start();
      const large = `"${'x'.repeat(400 * 1024)}"`;
      await parent.invoke(1, 'wfr_c', Buffer.from(large));
      expect(await run('wfr_c').log()).toMatchObject({ steps: [{ steps: [{ out: large }] }, {}] });
      await run('wfr_c').finish(large);
      await until(() => deliveriesTo('wfr_p').length === 2);
      expect(await outOf(parent, 1)).toMatchObject({ body: large });
    });
  });

  describe('a dead letter', () => {
    const failed = async (runId: string): Promise<{ client: RunClient; dlqId: string }> => {
      const client = run(runId);
      await client.start();
      await client.step(1);
      await client.fail(`msg_${runId}_1`);
      return { client, dlqId: await letterOf(client) };
    };
    const listed = async () => {
      const list = await listRuns(world.client, 10, undefined, { deadLetters: {} });
      return 'rows' in list ? list.rows.map(({ deadLetter }) => deadLetter?.dlqId) : list;
    };

    it('is listed and shown until it is deleted', async () => {
      const { client, dlqId } = await failed('wfr_a');
      expect(await listed()).toEqual([dlqId]);
      expect(await client.deadLetter(dlqId)).toMatchObject({ dlqId, workflowRunId: 'wfr_a', responseStatus: 489 });
      expect(await client.deadLetter('dlq_other')).toMatchObject({ refused: 'UNKNOWN_DEAD_LETTER' });
      expect(await client.deleteDeadLetter(dlqId)).toEqual({});
      expect(await listed()).toEqual([]);
      expect(await client.deadLetter(dlqId)).toMatchObject({ refused: 'UNKNOWN_DEAD_LETTER' });
    });

    it('is restarted with its payload, and gone', async () => {
      const { client, dlqId } = await failed('wfr_a');
      const answer = await client.takeOver(dlqId, 'restart', 'wfr_b', { labels: ['again'] });
      expect(answer).toMatchObject({ workflowRunId: 'wfr_b' });
      const log = await run('wfr_b').log();
      expect(log).toMatchObject({
        workflowState: 'RUN_STARTED',
        label: 'again',
        steps: [{ steps: [{ out: '{}' }] }, {}],
      });
      expect(log).toMatchObject({ workflowRunCreatedAt: isRefused(answer) ? 0 : answer.workflowCreatedAt });
      expect(await listed()).toEqual([]);
      expect(await client.takeOver(dlqId, 'restart', 'wfr_b')).toEqual(answer);
      expect(await client.takeOver(dlqId, 'restart', 'wfr_c')).toMatchObject({ refused: 'UNKNOWN_DEAD_LETTER' });
    });

    it('is resumed where it failed: what was done is not done again, what was pending is', async () => {
      const client = run('wfr_a');
      await client.start('ask', Buffer.alloc(300 * 1024, '7'));
      await client.step(1, {}, Buffer.alloc(700_000, '1'));
      await client.step(2, {}, Buffer.alloc(200_000, '2'));
      await client.fail('msg_wfr_a_2');
      const dlqId = await letterOf(client);
      expect(await client.takeOver(dlqId, 'resume', 'wfr_b')).toMatchObject({ workflowRunId: 'wfr_b' });
      await until(() => deliveriesTo('wfr_b').length === 1);
      const [item] = deliveriesTo('wfr_b');
      expect(item).toMatchObject({ messageId: idInOtherRun('msg_wfr_a_2', 'wfr_b'), attempt: 0 });
      const successor = run('wfr_b');
      const steps = (await logOf(successor)).steps.flatMap(({ steps: group }) => group);
      expect(steps.map(({ stepId }) => stepId)).toEqual([undefined, 1, 2, undefined]);
      await successor.step(3);
      await successor.finish();
      expect(await successor.log()).toMatchObject({ workflowState: 'RUN_SUCCESS' });
      const own = [...world.data.blobs.keys()].filter((key) => key.startsWith('wfr_b/'));
      expect(own).toHaveLength(2);
    });

    it('is resumed with its waits and its children: they go on with the run that took over', async () => {
      const client = run('wfr_a');
      await client.start();
      const plan = (targetStep: number, stepType: string) => ({
        step: { stepId: 0, stepName: 's', stepType, concurrent: 3, targetStep },
      });
      await client.step(101, plan(1, 'Wait'));
      await client.step(102, plan(2, 'Invoke'));
      await client.step(103, plan(3, 'Run'));
      await client.wait(1, 'evt');
      await client.invoke(2, 'wfr_c');
      await client.fail('msg_wfr_a_103');
      const successor = run('wfr_b');
      await client.takeOver(await letterOf(client), 'resume', 'wfr_b');
      await run('wfr_c').finish('"from the child"');
      const mailbox = new MailboxClient(world.client, 'evt');
      const messageId = idInOtherRun(client.requestId(1), 'wfr_b');
      const isWaiting = async () => (await mailbox.waiters()).some((waiter) => waiter.messageId === messageId);
      while (!(await isWaiting())) await new Promise((resolve) => setTimeout(resolve, 2));
      await until(() => world.timers.has(waitTimerId('evt', messageId)));
      await mailbox.notify('n1', Buffer.from('"told"'));
      while (!(await outOf(successor, 2))) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(await outOf(successor, 2)).toMatchObject({ body: '"from the child"' });
      expect(await stepOf(successor, 1)).toMatchObject({ out: Buffer.from('"told"').toString('base64') });
      await until(() =>
        deliveriesTo('wfr_b').some((item) => item.messageId === idInOtherRun('msg_wfr_a_103', 'wfr_b')),
      );
    });

    it('has its failure callback run again, and called off', async () => {
      const client = run('wfr_a');
      await client.start('ask', Buffer.from('{}'), {
        failureCallback: { url: 'http://app/failure', forwards: [], retries: 0 },
      });
      await client.fail();
      const callbacks = () => deliveriesTo('wfr_a').filter(({ kind }) => kind === 'failure');
      await until(() => callbacks().length === 1);
      const dlqId = await letterOf(client);
      expect(await client.requestFailureCallback(dlqId, 'r1')).toMatchObject({ refused: 'NOT_FAILED' });
      await client.report(callbacks()[0]?.messageId ?? '', { status: 500 });
      expect(await client.requestFailureCallback(dlqId, 'r2')).toMatchObject({
        runCreatedAt: expect.any(Number) as number,
      });
      await until(() => callbacks().length === 2);
      expect(await client.cancelFailureCallback(dlqId, 'c1')).toEqual({});
      const list = await listRuns(world.client, 10, undefined, { deadLetters: { failureState: 'cancelled' } });
      expect(list).toMatchObject({ rows: [{ runId: 'wfr_a' }] });
    });
  });

  it('shows one message while it is pending, and cancels its run with it', async () => {
    const client = run('wfr_a');
    await client.start();
    await client.step(1, { delayMs: 3_600_000 });
    expect(await client.message('msg_wfr_a_1')).toMatchObject({ messageId: 'msg_wfr_a_1', body: '{"out":"1"}' });
    expect(await client.message('msg_wfr_a')).toMatchObject({ refused: 'UNKNOWN_MESSAGE' });
    expect(await client.cancelMessage('msg_wfr_a_1')).toEqual({});
    expect(await client.cancelMessage('msg_wfr_a_1')).toMatchObject({ refused: 'UNKNOWN_MESSAGE' });
    expect(await client.log()).toMatchObject({ workflowState: 'RUN_CANCELED' });
  });
});
