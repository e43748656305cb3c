import { MailboxScenario } from '../testing/mailbox-scenario';
import type { MailboxSnapshotPart } from './mailbox.events';
import { mailboxSnapshot, snapshotIsDue, snapshotSetOf } from './mailbox.snapshot';

const HOUR = 60 * 60 * 1000;

/** A mailbox with something of everything. */
function lived(): MailboxScenario {
  const mailbox = new MailboxScenario('evt:1');
  mailbox.waits('wfr_1', { url: 'http://app/ünïcode/日本/😀' });
  mailbox.waits('wfr_2');
  mailbox.settle(['mailbox-evt:1:1:0']);
  mailbox.notifyAll('all');
  mailbox.at += HOUR / 2;
  mailbox.drop('wfr_9');
  mailbox.notifyRun('wfr_3', 'kept 1');
  mailbox.notifyRun('wfr_4', 'kept 2');
  mailbox.notifyRun('wfr_3', 'kept 3');
  mailbox.waits('wfr_5');
  mailbox.deadline(mailbox.waits('wfr_5', { deadlineAt: mailbox.at }));
  mailbox.waits('wfr_6');
  return mailbox;
}

const partsOf = (mailbox: MailboxScenario, maxPartBytes: number): MailboxSnapshotPart[] =>
  mailboxSnapshot(mailbox.mailbox, maxPartBytes).flatMap((event) =>
    event.type === 'MailboxSnapshot' ? [event.data] : [],
  );

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).byteLength;

describe('a snapshot', () => {
  it.each([1, 600, 1024 * 1024])('in parts of %d bytes gives the state back, as the whole history does', (bytes) => {
    const mailbox = lived();
    mailbox.snapshot(bytes);
    const fromSnapshot = mailbox.refoldedFromSnapshot();
    expect(fromSnapshot).toEqual(mailbox.state);
    expect(mailbox.refolded()).toEqual(mailbox.state);
    for (const map of ['waiters', 'answered', 'ended', 'dropped', 'owed', 'tells', 'timers'] as const) {
      expect([...fromSnapshot![map].keys()]).toEqual([...mailbox.mailbox[map].keys()]);
    }
  });

  it('of a mailbox in which nothing is left is one small part', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    mailbox.notifyAll();
    mailbox.settle();
    mailbox.at += HOUR;
    mailbox.settle([]);
    expect(partsOf(mailbox, 1024)).toMatchObject([{ part: 0, parts: 1, items: [expect.anything()] }]);
    mailbox.snapshot();
    expect(mailbox.refoldedFromSnapshot()).toEqual(mailbox.state);
    mailbox.waits('wfr_1');
    expect(mailbox.refoldedFromSnapshot()).toEqual(mailbox.state);
    expect(mailbox.mailbox.lastSeq).toBe(2);
  });

  it('has parts that are as full as they may be', () => {
    const mailbox = new MailboxScenario();
    for (let run = 0; run < 500; run += 1)
      mailbox.waits(`wfr_${run}`, { url: `http://app/日本/${'😀'.repeat(run % 7)}` });
    const parts = partsOf(mailbox, 10_000);
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index));
    for (const part of parts) {
      expect(part.parts).toBe(parts.length);
      expect(bytesOf(part)).toBeLessThanOrEqual(10_000);
      if (part.part < parts.length - 1) expect(bytesOf(part)).toBeGreaterThan(9_000);
    }
  });

  it('gives a single item that is too large a part of its own', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1', { url: `http://app/${'x'.repeat(5_000)}` });
    mailbox.waits('wfr_2');
    expect(partsOf(mailbox, 1_000).map(({ items }) => items.length)).toEqual([1, 1, 3]);
  });

  it('says nothing new to a fold that knows what was before, complete or not', () => {
    const mailbox = lived();
    const before = structuredClone(mailbox.mailbox);
    mailbox.snapshot(600, 2);
    expect(mailbox.lastChanges).toEqual({ owed: [], settled: [] });
    mailbox.snapshot(600);
    expect(mailbox.lastChanges).toEqual({ owed: [], settled: [] });
    expect(mailbox.mailbox).toEqual({ ...before, version: mailbox.history.length });
  });

  it('that a crash tore is passed over: the one before it counts, and the next', () => {
    const mailbox = lived();
    mailbox.snapshot(600);
    const complete = mailbox.history.length;
    mailbox.waits('wfr_7');
    mailbox.snapshot(600, 2);
    mailbox.waits('wfr_8');
    expect(mailbox.refoldedFromSnapshot()).toEqual(mailbox.state);
    const torn = mailbox.history[complete + 2];
    expect(torn?.events[0]?.type).toBe('MailboxSnapshot');
    expect(snapshotSetOf({ version: torn!.version, data: torn!.events[0]!.data as MailboxSnapshotPart })).toEqual({
      first: complete + 2,
      isComplete: false,
    });
    mailbox.snapshot(600);
    mailbox.notifyAll();
    expect(mailbox.refoldedFromSnapshot()).toEqual(mailbox.state);
  });

  it('is no place for a fold to begin at, if it is torn or not at its first part', () => {
    const mailbox = lived();
    const first = mailbox.history.length + 1;
    mailbox.snapshot(600, 2);
    mailbox.waits('wfr_8');
    expect(() => mailbox.foldedFrom(first)).toThrow('not complete');
    expect(() => mailbox.foldedFrom(first + 1)).toThrow('not complete');
  });

  it('makes owed what it says, under the ids of before, for a fold that begins at it', () => {
    const mailbox = lived();
    const owed = [...mailbox.mailbox.owed.keys()];
    expect(owed.length).toBeGreaterThan(5);
    mailbox.snapshot();
    const heir = mailbox.refoldedFromSnapshot();
    expect([...(heir?.owed.keys() ?? [])]).toEqual(owed);
    mailbox.settle();
    expect(mailbox.refoldedFromSnapshot()?.owed.size).toBe(0);
  });

  it('lets a fold that began at it cancel the timers of who waits', () => {
    const mailbox = new MailboxScenario();
    const [unset, set] = [mailbox.waits('wfr_1'), mailbox.waits('wfr_2')];
    mailbox.settle(['mailbox-evt_1:2:0']);
    mailbox.snapshot();
    mailbox.state = mailbox.refoldedFromSnapshot();
    mailbox.notifyAll();
    expect(mailbox.owed('CancelTimer').map(({ timerId }) => timerId)).toEqual([
      `mailbox-evt_1/${unset}`,
      `mailbox-evt_1/${set}`,
    ]);
    expect(mailbox.owed('SetTimer')).toEqual([]);
  });
});

describe('a snapshot is due', () => {
  it('after 200 entries, not before', () => {
    const mailbox = new MailboxScenario();
    mailbox.waits('wfr_1');
    expect(snapshotIsDue(mailbox.mailbox, 199)).toBe(false);
    expect(snapshotIsDue(mailbox.mailbox, 200)).toBe(true);
  });

  it('after as many entries as it would have items, where those are more', () => {
    const mailbox = new MailboxScenario();
    for (let run = 0; run < 150; run += 1) mailbox.waits(`wfr_${run}`);
    for (let run = 0; run < 50; run += 1) mailbox.notifyRun('wfr_kept');
    for (let run = 0; run < 50; run += 1) mailbox.deadline(mailbox.waits('wfr_late', { deadlineAt: mailbox.at }));
    mailbox.notifyAll('all');
    mailbox.drop('wfr_gone');
    mailbox.waits('wfr_next');
    const items = partsOf(mailbox, Infinity)[0]!.items.length;
    expect(items).toBeGreaterThan(600);
    expect(snapshotIsDue(mailbox.mailbox, items - 1)).toBe(false);
    expect(snapshotIsDue(mailbox.mailbox, items)).toBe(true);
  });
});
