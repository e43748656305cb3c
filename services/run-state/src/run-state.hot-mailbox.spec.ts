import { mailboxStream } from '@stepwell/core';
import { LogTruth } from './testing/log-truth';
import { MailboxClient } from './testing/mailbox-client';
import { RunClient } from './testing/run-client';
import type { Member } from './testing/run-state-world';
import { RunStateWorld, until } from './testing/run-state-world';

/* Many waiters of one event, over the whole service, the in-memory twins, in real time. */

const PATIENT_MS = 100_000;

describe('a mailbox with many waiters', () => {
  let world: RunStateWorld;
  beforeEach(async () => {
    world = await new RunStateWorld().open();
  });
  afterEach(async () => {
    await world.close();
  });

  const waiting = async (runs: number, waitsEach: number): Promise<RunClient[]> => {
    const clients = Array.from({ length: runs }, (_, index) => new RunClient(world.client, `wfr_${index}`));
    for (let from = 0; from < runs; from += 100) {
      await Promise.all(
        clients.slice(from, from + 100).map(async (client) => {
          await client.start();
          await client.waitTimes(waitsEach, 'evt');
        }),
      );
    }
    return clients;
  };
  const notify = () =>
    new MailboxClient(world.client, 'evt', { patienceMs: PATIENT_MS }).notify('n1', Buffer.from('{"x":1}'));
  const results = (truth: LogTruth): number[] =>
    [...truth.runs.values()].map(({ entries }) => entries.filter(({ data }) => 'step' in data).length);
  const recorded = (): number =>
    [...world.data.entries.values()].reduce(
      (sum, entries) => sum + [...entries.values()].filter(({ events }) => events[0]?.type === 'StepRecorded').length,
      0,
    );
  const isAtRest = (member: Member): boolean => {
    const open = member.runtime.registry.hosts().flatMap(({ settlement }) => settlement.unsettled());
    return open.every((effectId) => effectId.startsWith('run-'));
  };

  it('tells ten thousand of one notice, each once, and owes nothing in the end', async () => {
    const member = await world.member('one');
    await world.settled(member);
    await waiting(1_000, 10);
    await until(() => world.timers.size === 10_000, PATIENT_MS);
    // By then there are more entries than waiters: a snapshot is due.
    await until(() => new LogTruth(world.data).mailbox('evt')?.owed.size === 0, PATIENT_MS);
    const answer = await notify();
    expect(answer).toMatchObject({ notified: 10_000, waiters: { length: 1_000 } });
    await until(() => isAtRest(member) && world.timers.size === 0, PATIENT_MS);
    expect(new Set(results(new LogTruth(world.data)))).toEqual(new Set([10]));
    // What is settled is written a second later; then a fold of the mailbox finds nothing owed.
    await until(() => new LogTruth(world.data).mailbox('evt')?.owed.size === 0, PATIENT_MS);
    expect(await notify()).toEqual(answer);
    const entries = [...world.data.entries.values()].flatMap((each) => [...each.values()]);
    const ofMailbox = entries.filter(({ stream }) => stream === mailboxStream('evt'));
    expect(ofMailbox.some(({ events }) => events[0]?.type === 'MailboxSnapshot')).toBe(true);
  }, 240_000);

  it('tells the rest when the teller dies amid a thousand, and the notify is answered all the same', async () => {
    const one = await world.member('one');
    await world.settled(one);
    await waiting(100, 10);
    const answer = notify();
    await until(() => recorded() >= 100, PATIENT_MS);
    one.kill();
    expect(recorded()).toBeLessThan(1_000);
    const two = await world.member('two');
    await world.settled(two);
    expect(await answer).toMatchObject({ notified: 1_000, waiters: { length: 1_000 } });
    const truth = new LogTruth(world.data);
    expect(new Set(results(truth))).toEqual(new Set([10]));
    const tells = [...truth.emittedByMailboxes.values()].filter(({ obligation }) => obligation.type === 'TellRun');
    expect(tells).toHaveLength(1_000);
    await until(() => isAtRest(two), PATIENT_MS);
  }, 240_000);
});
