import {
  effectsSettled,
  evolveMailbox,
  isMailboxEventType,
  mailboxSnapshot,
  mailboxStream,
  snapshotIsDue,
  snapshotSetOf,
  waitTimerOf,
} from '@stepwell/core';
import type { Aggregate, StreamKey } from './aggregate';

/** A part of a snapshot, and so a document, is at most as large (L8). */
const PART_BYTES = 1024 * 1024;

/** Mailboxes: one event id of the users' each. Their streams never end. */
export const MAILBOXES: Aggregate<'mailbox'> = {
  kind: 'mailbox',
  prefix: mailboxStream(''),
  // A run's blobs go with the run; a notice's are the mailbox's own.
  blobOwner: (stream) => stream,
  knows: isMailboxEventType,
  evolve: evolveMailbox,
  // An effect that was settled: without a note of it, what is owed would grow for ever.
  noteDone: (state, effectId) => state.owed.has(effectId),
  doneEvent: (state, effectIds) => {
    const owed = effectIds.filter((effectId) => state.owed.has(effectId));
    return owed.length === 0 ? undefined : effectsSettled(owed);
  },
  // Not of what is owed: a timer that was set is settled, and needed all the same.
  timersOf: ({ eventId, waiters }, partition) =>
    [...waiters.values()].map(({ messageId, deadlineAt }) =>
      waitTimerOf(eventId, { messageId, dueAt: deadlineAt }, partition),
    ),
  snapshots: {
    eventType: 'MailboxSnapshot',
    setOf: (version, event) =>
      event.type === 'MailboxSnapshot' ? snapshotSetOf({ version, data: event.data }) : undefined,
    isDue: snapshotIsDue,
    parts: (state) => mailboxSnapshot(state, PART_BYTES),
  },
};

export const mailboxKey = (eventId: string): StreamKey<'mailbox'> => ({
  aggregate: MAILBOXES,
  name: mailboxStream(eventId),
});
