import { LISTED_WAITERS } from '../messages/catalogue';
import { MailboxScenario } from '../testing/mailbox-scenario';
import { evolveMailbox } from './mailbox.evolver';
import type { MailboxState } from './mailbox.state';

const HOUR = 60 * 60 * 1000;

describe('what a mailbox remembers', () => {
  it('is gone with the first entry after its hour', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.notifyAll('old');
    mailbox.drop('wfr_1');
    mailbox.at += HOUR / 2;
    mailbox.waits('wfr_2');
    mailbox.notifyAll('young');
    mailbox.drop('wfr_2');
    mailbox.at += HOUR / 2;
    mailbox.waits('wfr_3');
    const { answered, ended, dropped, listedWaiters } = mailbox.mailbox;
    expect([...answered.keys()]).toEqual(['young']);
    expect([...ended.keys()]).toEqual(['msg_2.wfr_2']);
    expect([...dropped.keys()]).toEqual(['wfr_2']);
    expect(listedWaiters).toBe(1);
  });

  it('does not age by being folded later', () => {
    const mailbox = new MailboxScenario();
    mailbox.drop('wfr_1');
    mailbox.at += 10 * HOUR;
    expect(mailbox.refolded()).toEqual(mailbox.state);
    expect(mailbox.mailbox.dropped.size).toBe(1);
  });

  it('ages anew when it happens again', () => {
    const mailbox = new MailboxScenario();
    mailbox.drop('wfr_1');
    mailbox.drop('wfr_2');
    mailbox.at += HOUR;
    mailbox.drop('wfr_1');
    expect([...mailbox.mailbox.dropped.keys()]).toEqual(['wfr_1']);
    mailbox.at += HOUR - 1;
    mailbox.waits('wfr_3');
    expect(mailbox.drop('wfr_1').accepted).toEqual([]);
  });

  it('of a notice is what it did last', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.notifyAll('again');
    mailbox.at += HOUR - 1_000;
    mailbox.waits('wfr_2');
    mailbox.at += 1_000;
    mailbox.notifyAll('again');
    expect([...mailbox.mailbox.answered.values()]).toMatchObject([{ waiters: [{ runId: 'wfr_2' }] }]);
    expect(mailbox.mailbox.listedWaiters).toBe(1);
  });

  it('is 10,000 answers at most, the newest', () => {
    const mailbox = new MailboxScenario();
    for (let notice = 0; notice <= 10_000; notice += 1) mailbox.notifyRun(`wfr_${notice % 2}`, `notice ${notice}`);
    expect(mailbox.mailbox.answered.size).toBe(10_000);
    expect(mailbox.mailbox.answered.has('notice 0')).toBe(false);
    expect(mailbox.mailbox.answered.has('notice 1')).toBe(true);
  });

  it('lists 100,000 waiters at most, in the newest answers', () => {
    const waiter = new MailboxScenario().waiter('wfr_1');
    let state: MailboxState | undefined;
    for (let notice = 0; notice <= 100; notice += 1) {
      const waiters = Array.from({ length: LISTED_WAITERS }, (_, each) => ({
        ...waiter,
        messageId: `msg_${notice}_${each}`,
        seq: notice * LISTED_WAITERS + each + 1,
      }));
      const events = [
        ...waiters.map((data) => ({ type: 'WaiterRegistered' as const, data })),
        { type: 'WaitersNotified' as const, data: { noticeId: `notice ${notice}`, upToSeq: waiters.at(-1)!.seq } },
      ];
      state = evolveMailbox(state, { stream: 'mailbox-evt', version: notice + 1, at: 1_000_000, events }).state;
    }
    expect(state?.listedWaiters).toBe(100_000);
    expect([...(state?.answered.keys() ?? [])].at(0)).toBe('notice 1');
  });
});
