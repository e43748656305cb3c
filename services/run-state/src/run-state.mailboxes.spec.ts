import { isRefused, waitTimerId } from '@stepwell/core';
import { MailboxClient, partitionOfMailbox } from './testing/mailbox-client';
import { partitionOfRun, RunClient } from './testing/run-client';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';

/* Waits, notices and webhooks over the whole service (protocol.md 8.4-8.6), over the in-memory twins, in real time. */

describe('waiting and notifying', () => {
  let world: RunStateWorld;
  let member: Member;
  const run = (runId: string): RunClient => new RunClient(world.client, runId);
  const mailbox = (eventId: string): MailboxClient => new MailboxClient(world.client, eventId);

  beforeEach(async () => {
    world = await new RunStateWorld().open();
    member = await world.member('one');
    await world.settled(member);
  });
  afterEach(async () => {
    await world.close();
  });

  /** A run that waits for this event. */
  const waiting = async (runId: string, eventId: string, more = {}): Promise<RunClient> => {
    const client = run(runId);
    await client.start();
    expect(isRefused(await client.wait(1, eventId, more))).toBe(false);
    return client;
  };

  /** The step that was delivered with a wait's result. */
  const resultOf = async (client: RunClient): Promise<Record<string, unknown>> => {
    await until(() => world.delivered.some(({ runId, tail }) => runId === client.runId && tail.length === 2));
    const log = (await client.log()) as { steps: { steps: Record<string, unknown>[] }[] };
    return log.steps.flatMap(({ steps }) => steps).find(({ stepId }) => stepId === 1) ?? {};
  };

  it('has the waiter when the wait is answered, and its timer', async () => {
    const client = await waiting('wfr_a', 'evt');
    expect(await mailbox('evt').waiters()).toMatchObject([
      { runId: 'wfr_a', messageId: client.requestId(1), url: 'http://app/api' },
    ]);
    await until(() => world.timers.has(waitTimerId('evt', client.requestId(1))));
  });

  it('finds nobody who came later when a notice that found nobody is asked again (B3)', async () => {
    expect(await mailbox('evt').notify('n1')).toEqual({ notified: 0, waiters: [] });
    await waiting('wfr_a', 'evt');
    expect(await mailbox('evt').notify('n1')).toEqual({ notified: 0, waiters: [] });
    expect(await mailbox('evt').waiters()).toHaveLength(1);
    expect(await mailbox('evt').notify('n2')).toMatchObject({ notified: 1 });
  });

  it('tells everybody who waits, and each of them once', async () => {
    const clients = await Promise.all(['wfr_a', 'wfr_b', 'wfr_c'].map((runId) => waiting(runId, 'evt')));
    const answer = await mailbox('evt').notify('n1', Buffer.from('{"x":1}'));
    expect(answer).toMatchObject({ notified: 3, waiters: { length: 3 } });
    for (const client of clients) {
      expect(await resultOf(client)).toMatchObject({
        out: Buffer.from('{"x":1}').toString('base64'),
        waitEventId: 'evt',
      });
    }
    expect(await mailbox('evt').waiters()).toEqual([]);
    await until(() => world.timers.size === 0);
    expect(await mailbox('evt').notify('n1', Buffer.from('{"x":1}'))).toEqual(answer);
    expect(await mailbox('evt').notify('n2')).toEqual({ notified: 0, waiters: [] });
  });

  it('keeps what is meant for one run until that waits, first in, first out', async () => {
    const client = run('wfr_a');
    await client.start();
    expect(await client.openMailbox('evt')).toEqual({});
    await mailbox('evt').notify('n1', Buffer.from('first'), { runId: 'wfr_a', kind: 'webhook' });
    await mailbox('evt').notify('n2', Buffer.from('second'), { runId: 'wfr_a', kind: 'webhook' });
    await client.wait(1, 'evt');
    expect(await resultOf(client)).toMatchObject({ out: Buffer.from('first').toString('base64') });
    expect(await mailbox('evt').waiters()).toEqual([]);
  });

  it('lets a wait run out at its time, and not before', async () => {
    const early = await waiting('wfr_a', 'evt');
    const late = await waiting('wfr_b', 'evt', { timeoutMs: 1, timeoutUrl: 'http://app/late' });
    const timers = [early, late].map((client) => waitTimerId('evt', client.requestId(1)));
    await until(() => timers.every((id) => world.timers.has(id)));
    expect(await world.fire(timers[0] ?? '')).toMatchObject({ notYetMs: expect.any(Number) as number });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await world.fire(timers[1] ?? '')).toEqual({ done: true });
    const result = await resultOf(late);
    expect(result).toMatchObject({ waitTimeout: true, waitEventId: 'evt' });
    expect(result).not.toHaveProperty('out');
    expect(world.delivered.find(({ runId, tail }) => runId === 'wfr_b' && tail.length === 2)?.url).toBe(
      'http://app/late',
    );
    expect(await mailbox('evt').notify('n1')).toMatchObject({ notified: 1 });
  });

  it('forgets a run that ends, before the cancel is answered', async () => {
    const client = await waiting('wfr_a', 'evt');
    await client.cancel();
    expect(await mailbox('evt').waiters()).toEqual([]);
    expect(await mailbox('evt').notify('n1', undefined, { runId: 'wfr_a' })).toEqual({ notified: 0, waiters: [] });
    expect(await client.openMailbox('evt')).toMatchObject({ refused: 'RUN_ENDED' });
    expect(await run('wfr_none').openMailbox('evt')).toMatchObject({ refused: 'UNKNOWN_RUN' });
  });

  it('gives a large body to each of those who wait as a blob of its own (L5)', async () => {
    const clients = await Promise.all(['wfr_a', 'wfr_b'].map((runId) => waiting(runId, 'evt')));
    const large = Buffer.alloc(300 * 1024, 'x');
    await mailbox('evt').notify('n1', large);
    for (const client of clients) expect(await resultOf(client)).toMatchObject({ out: large.toString('base64') });
    expect([...world.data.blobs.keys()].map((key) => key.split('/')[0]).sort()).toEqual([
      'mailbox-evt',
      'wfr_a',
      'wfr_b',
    ]);
  });

  it('answers a wait when its mailbox has it, though that has to be taken over first', async () => {
    const two = await world.member('two');
    await until(() => two.held() > 0);
    await world.settled(member, two);
    const heldBy = (name: (index: number) => string, partitionOf: (id: string) => number, holder: Member): string => {
      const held = new Set(holder.runtime.registry.hosts().map(({ tenure }) => tenure.partition));
      for (let index = 0; ; index += 1) if (held.has(partitionOf(name(index)))) return name(index);
    };
    const client = run(heldBy((index) => `wfr_${index}`, partitionOfRun, member));
    const eventId = heldBy((index) => `evt_${index}`, partitionOfMailbox, two);
    await client.start();
    two.kill();
    const seen = { answered: false };
    const wait = client.wait(1, eventId).finally(() => {
      seen.answered = true;
    });
    const isLogged = () =>
      [...world.data.entries.values()].some((each) =>
        [...each.values()].some(({ events }) => events[0]?.type === 'WaitRequested'),
      );
    await until(isLogged);
    const again = client.wait(1, eventId);
    expect(seen.answered).toBe(false);
    await until(() => member.held() === 64);
    expect(await wait).toMatchObject({ items: [{ messageId: client.requestId(1) }] });
    expect(await mailbox(eventId).waiters()).toHaveLength(1);
    expect(await again).toMatchObject({ items: [{ messageId: client.requestId(1) }] });
  });

  it('answers a wait that comes again no earlier than the first', async () => {
    const client = await waiting('wfr_a', 'evt');
    expect(await client.wait(1, 'evt')).toMatchObject({ items: [{ messageId: client.requestId(1) }] });
    expect(await mailbox('evt').waiters()).toHaveLength(1);
  });
});
