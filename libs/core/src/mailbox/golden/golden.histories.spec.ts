import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mailboxStream } from '../../messages/partition';
import type { GoldenHistory, StoredEntry, StoredEvent } from '../../testing/golden-histories';
import { goldenHistories } from '../../testing/golden-histories';
import { recordings } from '../../testing/mailbox-recordings';
import type { MailboxEvent, MailboxSnapshotPart } from '../mailbox.events';
import { isMailboxEventType, MAILBOX_EVENT_TYPES } from '../mailbox.events';
import { evolveMailbox } from '../mailbox.evolver';
import { snapshotSetOf } from '../mailbox.snapshot';
import type { MailboxState } from '../mailbox.state';

function summaryOf(state: MailboxState): object {
  return {
    version: state.version,
    lastSeq: state.lastSeq,
    waiters: [...state.waiters.values()],
    kept: [...state.kept],
    answered: [...state.answered].map(([noticeId, { at, notified, waiters }]) => [
      ...[noticeId, at, notified, waiters.map(({ messageId }) => messageId)],
    ]),
    ended: [...state.ended],
    dropped: [...state.dropped],
    owed: [...state.owed],
    tells: [...state.tells],
  };
}

function fold(eventId: string, entries: readonly StoredEntry[]): object[] {
  let state: MailboxState | undefined;
  return entries.map(({ version, at, events }) => {
    state = evolveMailbox(state, { stream: mailboxStream(eventId), version, at, events: events.map(eventOf) }).state;
    return summaryOf(state);
  });
}

function eventOf({ type, data }: StoredEvent): MailboxEvent {
  if (!isMailboxEventType(type)) throw new Error(`unknown event ${type}`);
  return { type, data, bodies: [] } as unknown as MailboxEvent;
}

goldenHistories({
  folder: __dirname,
  name: 'eventId',
  recordings: Object.fromEntries(
    Object.entries(recordings).map(([name, tell]) => [
      name,
      () => {
        const { eventId, history } = tell();
        return { id: eventId, history };
      },
    ]),
  ),
  eventTypes: Object.keys(MAILBOX_EVENT_TYPES),
  fold,
});

describe('a fold that begins at a golden snapshot (L8)', () => {
  const read = readFileSync(join(__dirname, 'snapshots.json'), 'utf8');
  const { eventId, entries, folded } = JSON.parse(read) as GoldenHistory<'eventId'>;
  const sets = entries.flatMap(({ version, events: [event] }) =>
    event?.type === 'MailboxSnapshot' ? [snapshotSetOf({ version, data: event.data as MailboxSnapshotPart })] : [],
  );

  it('gives what the whole history gave', () => {
    const first = sets.findLast(({ isComplete }) => isComplete)?.first ?? 0;
    expect(first).toBeGreaterThan(1);
    const heirs = fold(eventId, entries.slice(first - 1));
    expect(JSON.parse(JSON.stringify(heirs.at(-1)))).toEqual(folded.at(-1));
  });

  it('has a torn one before it, which nothing begins at', () => {
    const torn = sets.find(({ first }) => first !== sets.at(-1)?.first)?.first ?? 0;
    expect(sets.filter(({ first }) => first === torn).some(({ isComplete }) => isComplete)).toBe(false);
    expect(() => fold(eventId, entries.slice(torn - 1))).toThrow('not complete');
  });
});
