import { MailboxScenario } from '../testing/mailbox-scenario';
import { mailboxSnapshot, snapshotIsDue } from './mailbox.snapshot';

/*
 * Deciding and folding cost what an event changes, however many wait: a look at each of a hundred thousand waiters per event would make
 * them unusable. Told by this process's own time, so that a busy machine matters little, in the best of some rounds.
 */
const MANY = 100_000;
const RATIO = 20;
/** What is linear grows 20 times from few to many, or more where the collection of garbage falls into it; a scan per event 400 times. */
const LINEAR = 150;
/** What one event costs among many, by what it costs among few: 1, or a little more by the machine's caches; 20 and more for a scan. */
const CONSTANT = 10;

/** Milliseconds of processor time. */
function duration(measured: () => unknown): number {
  const begun = process.cpuUsage();
  measured();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

const best = (rounds: number, once: (round: number) => number): number =>
  Math.min(...Array.from({ length: rounds }, (_, round) => once(round)));

/** Another round only where garbage or something else came in between. */
function leastBelow(limit: number, ratio: () => number): number {
  let least = Infinity;
  for (let round = 0; round < 3 && least >= limit; round += 1) least = Math.min(least, ratio());
  return least;
}

function registered(mailbox: MailboxScenario, waiters: number): MailboxScenario {
  for (let each = 0; each < waiters; each += 1) mailbox.waits(`wfr_${each}`);
  return mailbox;
}

const withWaiters = (waiters: number): MailboxScenario => registered(new MailboxScenario(), waiters);

/** Grown in all its parts. */
function crowded(size: number): MailboxScenario {
  const mailbox = withWaiters(size);
  for (let each = 0; each < size / 5; each += 1) {
    mailbox.notifyRun(`wfr_kept_${each}`);
    mailbox.deadline(mailbox.waits('wfr_late', { deadlineAt: mailbox.at }));
    mailbox.drop(`wfr_gone_${each}`);
  }
  return mailbox;
}

describe('the cost of one event does not grow with what is in the mailbox', () => {
  const EVENTS: Readonly<Record<string, (mailbox: MailboxScenario, runId: string) => unknown>> = {
    'a registration': (mailbox, runId) => mailbox.waits(runId),
    'a notice to one that waits': (mailbox, runId) => {
      mailbox.waits(runId);
      mailbox.notifyRun(runId);
    },
    'a notice that is kept, and taken': (mailbox, runId) => {
      mailbox.notifyRun(runId);
      mailbox.waits(runId);
    },
    'a notice that is repeated': (mailbox) => mailbox.notifyRun('wfr_kept_0', 'notice_1'),
    'a deadline': (mailbox, runId) => mailbox.deadline(mailbox.waits(runId, { deadlineAt: mailbox.at })),
    'the end of a run': (mailbox, runId) => {
      mailbox.waits(runId);
      mailbox.drop(runId);
    },
    'an effect that is settled': (mailbox, runId) => {
      mailbox.waits(runId);
      mailbox.settle([`mailbox-evt_1:${mailbox.mailbox.version}:0`]);
    },
    'the question whether a snapshot is due': (mailbox) => {
      for (let entries = 0; entries < 100; entries += 1) snapshotIsDue(mailbox.mailbox, entries);
    },
  };
  let few: MailboxScenario;
  let many: MailboxScenario;
  beforeAll(() => {
    few = crowded(MANY / 1_000);
    many = crowded(MANY);
  });

  it.each(Object.keys(EVENTS))('%s', (kind) => {
    let runs = 0;
    const cost = (mailbox: MailboxScenario): number =>
      best(5, () =>
        duration(() => {
          for (let each = 0; each < 200; each += 1) EVENTS[kind]?.(mailbox, `wfr_${kind}_${runs++}`);
        }),
      );
    cost(few);
    expect(leastBelow(CONSTANT, () => cost(many) / cost(few))).toBeLessThan(CONSTANT);
  });
});

describe('a hundred thousand waiters', () => {
  const growth = <T>(make: (size: number) => T, measured: (made: T, size: number) => unknown, most = MANY): number => {
    const of = (size: number): number => {
      const made = make(size);
      return duration(() => measured(made, size));
    };
    return leastBelow(LINEAR, () => {
      const small = best(2, () => of(most / RATIO));
      return of(most) / small;
    });
  };

  it('are registered at the cost of each', () => {
    expect(growth(() => new MailboxScenario(), registered)).toBeLessThan(LINEAR);
  });

  it('are notified at the cost of each, and told at that of each', () => {
    const told = growth(withWaiters, (mailbox, size) => {
      expect(mailbox.notifyAll('all').answer.notified).toBe(size);
      const effectIds = [...mailbox.mailbox.owed.keys()];
      for (let first = 0; first < 7; first += 1) mailbox.settle(effectIds.filter((_, index) => index % 7 === first));
      expect(mailbox.mailbox.owed.size).toBe(0);
    });
    expect(told).toBeLessThan(LINEAR);
  });

  it('are a snapshot at the cost of each', () => {
    const written = growth(withWaiters, ({ mailbox }) => mailboxSnapshot(mailbox, 1024 * 1024), MANY / 5);
    expect(written).toBeLessThan(LINEAR);
  });
});
