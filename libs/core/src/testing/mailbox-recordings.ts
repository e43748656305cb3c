import { MailboxScenario } from './mailbox-scenario';

/*
 * Mailboxes that golden histories were recorded from (mailbox/golden). One is recorded once, under its name, and never again: to cover
 * something new, add a new one.
 */

const BEGUN_AT = 1_795_340_000_000;
const MS_OF_HOUR = 3_600_000;
const SEEN = {
  runCreatedAt: BEGUN_AT - 5_000,
  url: 'https://app.example/api/order',
  workflowUrl: 'https://app.example/api/order',
};

export const recordings: Readonly<Record<string, () => MailboxScenario>> = {
  'notify-and-timeout': () => {
    const mailbox = new MailboxScenario('order-paid', BEGUN_AT);
    const late = mailbox.waits('wfr_late', { ...SEEN, deadlineAt: BEGUN_AT + 10_000, timeoutUrl: `${SEEN.url}/late` });
    mailbox.at += 20;
    mailbox.waits('wfr_1', SEEN);
    mailbox.settle(['mailbox-order-paid:1:0']);
    mailbox.at += 12_000;
    mailbox.deadline(late);
    mailbox.at += 5;
    const twice = mailbox.waiter('wfr_2', SEEN);
    mailbox.register(twice);
    mailbox.notifyAll('req_1');
    mailbox.at += 5;
    mailbox.settle(['mailbox-order-paid:4:0', 'mailbox-order-paid:6:0', 'mailbox-order-paid:6:1']);
    mailbox.register(twice);
    mailbox.notifyAll('req_1');
    mailbox.waits('wfr_2', SEEN);
    mailbox.notify({ noticeId: 'req_2', kind: 'event' });
    mailbox.waits('wfr_3', SEEN);
    mailbox.notify({ noticeId: 'req_3', kind: 'event', body: { blob: 'b'.repeat(64), sizeBytes: 2_000_000 } });
    mailbox.settle();
    mailbox.at += MS_OF_HOUR;
    mailbox.waits('wfr_4', SEEN);
    return mailbox;
  },

  'one-run-and-its-webhook': () => {
    const mailbox = new MailboxScenario('hook/of: one', BEGUN_AT);
    mailbox.notifyRun('wfr_1', 'call_1');
    mailbox.at += 7;
    mailbox.notifyRun('wfr_1', 'call_2');
    mailbox.notify({ noticeId: 'req_1', kind: 'event', runId: 'wfr_1' });
    mailbox.notifyRun('wfr_2', 'call_3');
    for (let wait = 0; wait < 5; wait += 1) {
      mailbox.at += 100;
      mailbox.waits('wfr_1', SEEN);
    }
    mailbox.notifyRun('wfr_1', 'call_4');
    mailbox.waits('wfr_3', SEEN);
    mailbox.at += 50;
    mailbox.drop('wfr_1');
    mailbox.drop('wfr_2');
    mailbox.notifyRun('wfr_2', 'call_5');
    mailbox.at += MS_OF_HOUR;
    mailbox.drop('wfr_2');
    return mailbox;
  },

  snapshots: () => {
    const mailbox = new MailboxScenario('evt_busy', BEGUN_AT);
    mailbox.waits('wfr_1', SEEN);
    mailbox.settle();
    mailbox.waits('wfr_2', { ...SEEN, timeoutUrl: `${SEEN.url}/ünïcode` });
    mailbox.waits('wfr_1', SEEN);
    mailbox.notifyRun('wfr_2', 'call_1');
    mailbox.notifyRun('wfr_3', 'call_2');
    mailbox.notifyRun('wfr_3', 'call_3');
    mailbox.notifyAll('req_1');
    mailbox.waits('wfr_1', SEEN);
    mailbox.deadline(mailbox.waits('wfr_4', { ...SEEN, deadlineAt: BEGUN_AT }));
    mailbox.drop('wfr_5');
    mailbox.snapshot(1_500, 2);
    mailbox.at += 60_000;
    mailbox.waits('wfr_6', SEEN);
    mailbox.snapshot(1_500);
    mailbox.at += 10;
    mailbox.notifyAll('req_2');
    mailbox.waits('wfr_3', SEEN);
    mailbox.settle();
    mailbox.at += 2 * MS_OF_HOUR;
    mailbox.waits('wfr_7', SEEN);
    return mailbox;
  },
};
