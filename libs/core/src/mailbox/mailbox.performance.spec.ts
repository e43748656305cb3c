import { MailboxScenario } from '../testing/mailbox-scenario';
import { mailboxSnapshot, snapshotIsDue } from './mailbox.snapshot';

/*
 * Deciding and folding cost what an event changes, however many wait: a scan of the waiters per event would make a hundred thousand of
 * them unusable. Ratios of this process's own time, so that a busy machine matters little, in the best of a few rounds; what is linear
 * gives about 20, more where the collection of garbage falls into it, a scan 400.
 */
const MANY = 100_000;
/** Where each event is one of a kind of its own. */
const SOME = 20_000;
const RATIO = 20;
const LINEAR = 150;
const ROUNDS = 4;

/** Milliseconds of processor time; the making of what is measured isn't. */
function duration<T>(make: () => T, measured: (made: T) => unknown): number {
  const made = make();
  const begun = process.cpuUsage();
  measured(made);
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

function growth<T>(make: (size: number) => T, measured: (made: T, size: number) => unknown, most = MANY): number {
  const of = (size: number): number =>
    duration(
      () => make(size),
      (made) => measured(made, size),
    );
  let least = Infinity;
  for (let round = 0; round < ROUNDS && least >= LINEAR; round += 1) {
    const small = Math.min(...Array.from({ length: 3 }, () => of(most / RATIO)));
    least = Math.min(least, of(most) / small);
  }
  return least;
}

const unused = (): MailboxScenario => new MailboxScenario();

function registered(mailbox: MailboxScenario, waiters: number): MailboxScenario {
  for (let each = 0; each < waiters; each += 1) mailbox.waits(`wfr_${each}`);
  return mailbox;
}

const withWaiters = (size: number): MailboxScenario => registered(unused(), size);

describe('the cost of an event', () => {
  it('does not grow with those who wait already', () => {
    expect(growth(unused, registered)).toBeLessThan(LINEAR);
  });

  it('is that of its waiters for a broadcast', () => {
    const told = growth(withWaiters, (mailbox, size) => {
      expect(mailbox.notifyAll('all').answer.notified).toBe(size);
    });
    expect(told).toBeLessThan(LINEAR);
  });

  it('is that of its effects where they are settled, in whatever order', () => {
    const notified = (size: number): MailboxScenario => {
      const mailbox = withWaiters(size);
      mailbox.notifyAll();
      return mailbox;
    };
    const settled = growth(notified, (mailbox) => {
      const effectIds = [...mailbox.mailbox.owed.keys()];
      for (let first = 0; first < 7; first += 1) mailbox.settle(effectIds.filter((_, index) => index % 7 === first));
      expect(mailbox.mailbox.owed.size).toBe(0);
    });
    expect(settled).toBeLessThan(LINEAR);
  });

  it('does not grow with those who wait where one of them ends', () => {
    const ended = growth(
      withWaiters,
      (mailbox, size) => {
        const ends = [...mailbox.waiting];
        mailbox.at += 100 * 86_400_000;
        for (let each = size - 1; each >= 0; each -= 1) {
          mailbox.at += 30;
          if (each % 3 === 0) mailbox.deadline(ends[each] ?? '');
          else if (each % 3 === 1) mailbox.notifyRun(`wfr_${each}`);
          else mailbox.drop(`wfr_${each}`);
        }
        expect(mailbox.mailbox.waiters.size).toBe(0);
      },
      SOME,
    );
    expect(ended).toBeLessThan(LINEAR);
  });

  it('does not grow with what is kept and remembered', () => {
    const kept = growth(
      unused,
      (mailbox, size) => {
        for (let each = 0; each < size; each += 1) {
          mailbox.at += 3_000;
          mailbox.notifyRun(`wfr_${each}`);
        }
        for (let each = 0; each < size; each += 1) mailbox.waits(`wfr_${each}`);
        expect(mailbox.mailbox.kept.size).toBe(0);
      },
      SOME,
    );
    expect(kept).toBeLessThan(LINEAR);
  });
});

describe('the cost of a snapshot', () => {
  it('is that of its items; to know whether it is due costs nothing', () => {
    const written = growth(withWaiters, (mailbox) => mailboxSnapshot(mailbox.mailbox, 1024 * 1024), SOME);
    expect(written).toBeLessThan(LINEAR);
    const { mailbox } = withWaiters(SOME);
    const items = duration(
      () => mailbox,
      (state) => mailboxSnapshot(state, 1024 * 1024),
    );
    const asked = duration(
      () => mailbox,
      (state) => {
        for (let entry = 0; entry < 100; entry += 1) snapshotIsDue(state, entry);
      },
    );
    expect(asked).toBeLessThan(items);
  });
});
