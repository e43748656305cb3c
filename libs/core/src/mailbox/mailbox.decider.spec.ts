import { MailboxScenario } from '../testing/mailbox-scenario';
import { LISTED_WAITERS } from '../messages/catalogue';
import { effectsSettled, waitersOf } from './mailbox.decider';
import { waitTimerId } from './mailbox.state';

const HOUR = 60 * 60 * 1000;
const QUIET = { accepted: [], answer: {} };

/** What became owed with the last entry, said shortly. */
function owedNow(mailbox: MailboxScenario): string[] {
  return mailbox.lastChanges.owed.map(({ obligation }) => {
    switch (obligation.type) {
      case 'TellRun':
        return `tell ${obligation.waiter.messageId} ${mailbox.carried(obligation) ?? obligation.outcome.kind}`;
      case 'SetTimer':
        return `set ${obligation.messageId}`;
      case 'CancelTimer':
        return `cancel ${obligation.timerId}`;
    }
  });
}

const cancelled = (messageId: string): string => `cancel ${waitTimerId('evt_1', messageId)}`;

describe('registering a waiter', () => {
  it('makes it wait, with a timer for its deadline', () => {
    const mailbox = new MailboxScenario();
    const waiter = mailbox.waiter('wfr_1', { deadlineAt: 2_000_000, timeoutUrl: 'http://app/late' });
    expect(mailbox.register(waiter)).toMatchObject({
      accepted: [{ type: 'WaiterRegistered', data: { ...waiter, seq: 1 } }],
      answer: {},
    });
    expect(mailbox.mailbox).toMatchObject({ eventId: 'evt_1', version: 1, lastSeq: 1 });
    expect(waitersOf(mailbox.state)).toEqual([{ ...waiter, seq: 1 }]);
    expect(mailbox.lastChanges).toEqual({
      owed: [
        {
          effectId: 'mailbox-evt_1:1:0',
          obligation: { type: 'SetTimer', seq: 1, messageId: waiter.messageId, dueAt: 2_000_000 },
        },
      ],
      settled: [],
    });
  });

  it('never uses a number twice', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.notifyAll();
    mailbox.waits('wfr_1');
    expect(waitersOf(mailbox.state)).toMatchObject([{ seq: 2 }]);
  });

  it('has a timer that is due at once where the deadline has passed', () => {
    const mailbox = new MailboxScenario();
    const late = mailbox.waits('wfr_1', { deadlineAt: mailbox.at - 1 });
    expect(mailbox.waiting).toEqual([late]);
    expect(mailbox.owed('SetTimer')).toMatchObject([{ messageId: late, dueAt: mailbox.at - 1 }]);
  });

  it('stays quiet when it waits already', () => {
    const mailbox = new MailboxScenario();
    const waiter = mailbox.waiter('wfr_1');
    mailbox.register(waiter);
    expect(mailbox.register(waiter)).toEqual(QUIET);
    expect(mailbox.waiting).toHaveLength(1);
  });

  it.each(['notified', 'timed out'] as const)('stays quiet when it came late: it was %s before', (how) => {
    const mailbox = new MailboxScenario();
    const waiter = mailbox.waiter('wfr_1', { deadlineAt: mailbox.at });
    mailbox.register(waiter);
    if (how === 'notified') mailbox.notifyAll();
    else mailbox.deadline(waiter.messageId);
    const tells = mailbox.owed('TellRun');
    expect(tells).toHaveLength(1);
    // As long as it isn't known that the run was told, and for an hour.
    mailbox.at += 3 * HOUR;
    expect(mailbox.register(waiter)).toEqual(QUIET);
    mailbox.settle();
    expect(mailbox.register(waiter)).toMatchObject({ accepted: [{ type: 'WaiterRegistered' }] });
  });

  it('remembers for an hour who was told', () => {
    const mailbox = new MailboxScenario();
    const waiter = mailbox.waiter('wfr_1');
    mailbox.register(waiter);
    mailbox.notifyAll();
    mailbox.settle();
    mailbox.at += HOUR - 1;
    expect(mailbox.register(waiter)).toEqual(QUIET);
    mailbox.at += 1;
    expect(mailbox.register(waiter).accepted).toHaveLength(1);
  });

  it('stays quiet for an hour when its run was dropped', () => {
    const mailbox = new MailboxScenario();
    const waiter = mailbox.waiter('wfr_1');
    mailbox.drop('wfr_1');
    mailbox.at += HOUR - 1;
    expect(mailbox.register(waiter)).toEqual(QUIET);
    mailbox.at += 1;
    expect(mailbox.register(waiter).accepted).toHaveLength(1);
  });

  it('is given what is kept for its run in the same entry, the oldest first, and has no timer', () => {
    const mailbox = new MailboxScenario();
    mailbox.notifyRun('wfr_1', 'first');
    mailbox.notifyRun('wfr_2', 'another run’s');
    mailbox.notifyRun('wfr_1', 'second');
    const waits = [mailbox.waits('wfr_1')];
    expect(mailbox.history.at(-1)?.events.map(({ type }) => type)).toEqual(['WaiterRegistered', 'KeptNoticeTaken']);
    expect(owedNow(mailbox)).toEqual([`tell ${waits[0]} first`]);
    expect(mailbox.lastChanges.settled).toEqual([]);
    waits.push(mailbox.waits('wfr_1'));
    expect(owedNow(mailbox)).toEqual([`tell ${waits[1]} second`]);
    expect(mailbox.owed('TellRun')).toMatchObject([
      { outcome: { kind: 'webhook', body: { version: 1, event: 0 } } },
      { outcome: { kind: 'webhook', body: { version: 3, event: 0 } } },
    ]);
    waits.push(mailbox.waits('wfr_1'));
    expect(mailbox.waiting).toEqual([waits[2]]);
    expect(mailbox.mailbox.keptNotices).toBe(1);
  });
});

describe('notifying whoever waits', () => {
  it('tells them all, and stops their timers', () => {
    const mailbox = new MailboxScenario();
    const [a, b] = [mailbox.waits('wfr_1'), mailbox.waits('wfr_2')];
    const setTimers = [...mailbox.mailbox.owed.keys()];
    const decision = mailbox.notifyAll('ready');
    expect(decision.accepted).toMatchObject([
      { type: 'WaitersNotified', data: { noticeId: 'ready', upToSeq: 2, body: { inline: 0, sizeBytes: 5 } } },
    ]);
    expect(decision.answer).toMatchObject({ notified: 2, waiters: [{ runId: 'wfr_1' }, { runId: 'wfr_2' }] });
    expect(decision.awaits).toEqual([a, b]);
    expect(decision.awaits?.map((key) => mailbox.mailbox.tells.get(key))).toEqual([
      'mailbox-evt_1:3:0',
      'mailbox-evt_1:3:1',
    ]);
    expect(owedNow(mailbox)).toEqual([`tell ${a} ready`, `tell ${b} ready`, cancelled(a), cancelled(b)]);
    expect(mailbox.lastChanges.settled).toEqual(setTimers);
    expect(mailbox.waiting).toEqual([]);
  });

  it('stops timers that are known to be set', () => {
    const mailbox = new MailboxScenario();
    const waiting = mailbox.waits('wfr_1');
    mailbox.settle();
    mailbox.notifyAll('ready');
    expect(owedNow(mailbox)).toEqual([`tell ${waiting} ready`, cancelled(waiting)]);
    expect(mailbox.lastChanges.settled).toEqual([]);
  });

  it('writes nothing where nobody waits, and keeps nothing for those who come (8.5)', () => {
    const mailbox = new MailboxScenario();
    expect(mailbox.notifyAll()).toEqual({ accepted: [], answer: { notified: 0, waiters: [] } });
    mailbox.waits('wfr_1');
    mailbox.notifyAll();
    expect(mailbox.notifyAll()).toEqual({ accepted: [], answer: { notified: 0, waiters: [] } });
    const waiting = mailbox.waits('wfr_1');
    expect(mailbox.waiting).toEqual([waiting]);
  });

  it('needs nothing to say', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.notify({ noticeId: 'empty', kind: 'event' });
    expect(mailbox.owed('TellRun')).toMatchObject([{ outcome: { kind: 'event' } }]);
    expect(mailbox.owed('TellRun')[0]?.outcome).not.toHaveProperty('body');
  });

  it('names a blob as it was written', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    const body = { blob: 'a'.repeat(64), sizeBytes: 5_000_000 };
    mailbox.notify({ noticeId: 'large', kind: 'event', body });
    expect(mailbox.owed('TellRun')).toMatchObject([{ outcome: { body: { version: 2, event: 0, body } } }]);
  });

  it('lists the first of many, awaits those, and tells them all', () => {
    const mailbox = new MailboxScenario();
    const waits = Array.from({ length: LISTED_WAITERS + 1 }, (_, run) => mailbox.waits(`wfr_${run}`));
    expect(waitersOf(mailbox.state)).toHaveLength(LISTED_WAITERS);
    const { answer, awaits } = mailbox.notifyAll('all');
    expect(answer.notified).toBe(LISTED_WAITERS + 1);
    expect(answer.waiters.map(({ messageId }) => messageId)).toEqual(waits.slice(0, LISTED_WAITERS));
    expect(awaits).toEqual(waits.slice(0, LISTED_WAITERS));
    expect(mailbox.owed('TellRun')).toHaveLength(LISTED_WAITERS + 1);
    expect(mailbox.notifyAll('all')).toEqual({ accepted: [], answer, awaits });
  });

  it('answers the same notice as the first time for an hour, whoever waits by then (B3)', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    const { answer, awaits } = mailbox.notifyAll('once');
    const next = mailbox.waits('wfr_2');
    mailbox.at += HOUR - 1;
    expect(mailbox.notifyAll('once')).toEqual({ accepted: [], answer, awaits });
    expect(mailbox.waiting).toEqual([next]);
    mailbox.at += 1;
    expect(mailbox.notifyAll('once').answer).toMatchObject({ notified: 1, waiters: [{ messageId: next }] });
  });
});

describe('notifying one run', () => {
  it('ends its oldest wait alone', () => {
    const mailbox = new MailboxScenario();
    const [other, first, second] = [mailbox.waits('wfr_2'), mailbox.waits('wfr_1'), mailbox.waits('wfr_1')];
    const decision = mailbox.notifyRun('wfr_1', 'yours');
    expect(decision.accepted).toMatchObject([
      { type: 'WaiterNotified', data: { noticeId: 'yours', kind: 'webhook', seq: 2, body: { inline: 0 } } },
    ]);
    expect(decision.answer).toMatchObject({ notified: 1, waiters: [{ messageId: first }] });
    expect(decision.awaits).toEqual([first]);
    expect(owedNow(mailbox)).toEqual([`tell ${first} yours`, cancelled(first)]);
    expect(mailbox.waiting).toEqual([other, second]);
  });

  it('is kept where the run doesn’t wait yet, also in a mailbox that nobody used', () => {
    const mailbox = new MailboxScenario();
    const decision = mailbox.notifyRun('wfr_1', 'early');
    expect(decision).toMatchObject({
      accepted: [{ type: 'NoticeKept', data: { noticeId: 'early', kind: 'webhook', runId: 'wfr_1' } }],
      answer: { notified: 0, waiters: [] },
    });
    expect(decision).not.toHaveProperty('awaits');
    expect(mailbox.lastChanges).toEqual({ owed: [], settled: [] });
    expect(mailbox.mailbox.kept.get('wfr_1')).toMatchObject([{ noticeId: 'early', body: { version: 1, event: 0 } }]);
  });

  it('is refused when ten thousand are kept for the run already, and for no other run', () => {
    const mailbox = new MailboxScenario();
    const call = (noticeId: string, runId: string) => mailbox.notify({ noticeId, kind: 'webhook', runId });
    for (let count = 0; count < 10_000; count += 1) call(`n${count}`, 'wfr_1');
    expect(() => call('more', 'wfr_1')).toThrow('QUOTA_EXCEEDED');
    expect(call('more', 'wfr_2')).toMatchObject({ answer: { notified: 0 } });
  });

  it('is kept once, and not again when it was taken meanwhile (B3)', () => {
    const mailbox = new MailboxScenario();
    mailbox.notifyRun('wfr_1', 'early');
    expect(mailbox.notifyRun('wfr_1', 'early')).toEqual({ accepted: [], answer: { notified: 0, waiters: [] } });
    mailbox.waits('wfr_1');
    const waiting = mailbox.waits('wfr_1');
    expect(mailbox.notifyRun('wfr_1', 'early')).toEqual({ accepted: [], answer: { notified: 0, waiters: [] } });
    expect(mailbox.waiting).toEqual([waiting]);
  });

  it('is told to nobody, and kept for nobody, when the run was dropped within the hour', () => {
    const mailbox = new MailboxScenario();
    mailbox.drop('wfr_1');
    mailbox.at += HOUR - 1;
    expect(mailbox.notifyRun('wfr_1')).toEqual({ accepted: [], answer: { notified: 0, waiters: [] } });
    mailbox.at += 1;
    expect(mailbox.notifyRun('wfr_1').accepted).toMatchObject([{ type: 'NoticeKept' }]);
  });
});

describe('a deadline', () => {
  it('ends the wait, and needs no cancelling', () => {
    const mailbox = new MailboxScenario();
    const deadlineAt = mailbox.at + 10_000;
    const [late, other] = [mailbox.waits('wfr_1', { deadlineAt }), mailbox.waits('wfr_2')];
    mailbox.at = deadlineAt;
    expect(mailbox.deadline(late)).toMatchObject({
      accepted: [{ type: 'WaiterTimedOut', data: { seq: 1 } }],
      answer: { done: true },
    });
    expect(owedNow(mailbox)).toEqual([`tell ${late} timeout`]);
    expect(mailbox.lastChanges.settled).toEqual(['mailbox-evt_1:1:0']);
    expect(mailbox.waiting).toEqual([other]);
  });

  it('is never early, by the stream’s time (T2)', () => {
    const mailbox = new MailboxScenario();
    const waiting = mailbox.waits('wfr_1', { deadlineAt: mailbox.at + 10_000 });
    mailbox.at += 9_999;
    expect(mailbox.deadline(waiting)).toEqual({ accepted: [], answer: { notYetMs: 1 } });
    expect(mailbox.waiting).toEqual([waiting]);
  });

  it('stays quiet for who isn’t waiting any more, or never was', () => {
    const mailbox = new MailboxScenario();
    expect(mailbox.deadline('msg_1.wfr_1')).toEqual({ accepted: [], answer: { done: true } });
    const timedOut = mailbox.waits('wfr_1', { deadlineAt: mailbox.at });
    const dropped = mailbox.waits('wfr_2', { deadlineAt: mailbox.at });
    mailbox.deadline(timedOut);
    mailbox.drop('wfr_2');
    const notified = mailbox.waits('wfr_3', { deadlineAt: mailbox.at });
    mailbox.notifyAll();
    for (const messageId of [timedOut, dropped, notified]) {
      expect(mailbox.deadline(messageId)).toEqual({ accepted: [], answer: { done: true } });
    }
  });

  it('leaves nobody for a notice that comes after it', () => {
    const mailbox = new MailboxScenario();
    const waiting = mailbox.waits('wfr_1', { deadlineAt: mailbox.at });
    mailbox.deadline(waiting);
    expect(mailbox.notifyAll().answer.notified).toBe(0);
    expect(mailbox.notifyRun('wfr_1').accepted).toMatchObject([{ type: 'NoticeKept' }]);
    expect(mailbox.owed('TellRun')).toHaveLength(1);
  });
});

describe('dropping a run', () => {
  it('takes its waits and what is kept for it, and tells it nothing', () => {
    const mailbox = new MailboxScenario();
    mailbox.notifyRun('wfr_2', 'kept');
    const [first, other, second] = [mailbox.waits('wfr_1'), mailbox.waits('wfr_3'), mailbox.waits('wfr_1')];
    expect(mailbox.drop('wfr_1')).toMatchObject({ accepted: [{ type: 'RunDropped' }], answer: {} });
    expect(owedNow(mailbox)).toEqual([cancelled(first), cancelled(second)]);
    expect(mailbox.waiting).toEqual([other]);
    mailbox.drop('wfr_2');
    expect(mailbox.mailbox.kept.size).toBe(0);
    expect(mailbox.mailbox.keptNotices).toBe(0);
    expect(mailbox.owed('TellRun')).toEqual([]);
  });

  it('is remembered where it was never heard of: what is meant for it may be on its way', () => {
    const mailbox = new MailboxScenario();
    expect(mailbox.drop('wfr_1').accepted).toHaveLength(1);
    expect(mailbox.notifyRun('wfr_1').accepted).toEqual([]);
  });

  it('stays quiet the second time, for an hour', () => {
    const mailbox = new MailboxScenario();
    mailbox.drop('wfr_1');
    expect(mailbox.drop('wfr_1')).toEqual(QUIET);
    mailbox.at += HOUR;
    mailbox.notifyRun('wfr_1');
    expect(mailbox.drop('wfr_1').accepted).toHaveLength(1);
    expect(mailbox.mailbox.kept.size).toBe(0);
  });

  it('leaves what is already owed to it: the run itself knows that it has ended', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.notifyAll();
    mailbox.drop('wfr_1');
    expect(mailbox.owed('TellRun')).toHaveLength(1);
  });
});

describe('effects that are done', () => {
  it('are owed no more, and told in ranges', () => {
    const mailbox = new MailboxScenario('evt:with:colons');
    for (let run = 0; run < 5; run += 1) mailbox.waits(`wfr_${run}`);
    mailbox.notifyAll();
    const done = [0, 1, 3, 4, 6].map((k) => `mailbox-evt:with:colons:6:${k}`);
    const event = effectsSettled([...done].reverse());
    expect(event.data).toEqual({
      ranges: [
        [6, 0, 1],
        [6, 3, 4],
        [6, 6, 6],
      ],
    });
    mailbox.settle(done);
    expect(mailbox.lastChanges).toEqual({ owed: [], settled: done });
    expect([...mailbox.mailbox.owed.keys()].map((effectId) => effectId.split(':').at(-1))).toEqual([
      ...['2', '5', '7', '8', '9'],
    ]);
    expect(mailbox.mailbox.tells.size).toBe(1);
  });

  it('count once, however often they are said, and whatever ended them before', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.waits('wfr_2');
    const [first = '', second = ''] = mailbox.mailbox.owed.keys();
    mailbox.settle([first, first]);
    mailbox.notifyAll();
    mailbox.settle([first, second]);
    expect(mailbox.lastChanges.settled).toEqual([]);
    expect(effectsSettled([first, second, first]).data).toEqual({
      ranges: [
        [1, 0, 0],
        [2, 0, 0],
      ],
    });
  });

  it('that are no effects are a fault', () => {
    expect(() => effectsSettled(['msg_1'])).toThrow('no effect id');
  });
});
