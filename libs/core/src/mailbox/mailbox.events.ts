import type { StoredBody } from '../run/run.events';

/*
 * What can have happened to a mailbox: one event id of the users' (protocol.md 8.4-8.6). Facts, never changed once released (L6).
 *
 * The mailbox is the arbiter between notify and timeout (architecture.md section 4): a waiter is in it from its registration until
 * exactly one of notified, timed out, dropped. No event lists its waiters: they are numbered in the order of their registration, and
 * a broadcast says up to which number it went, so that a hundred thousand of them fit into one small document.
 */

/** A run that waits here; `seq` is its number in the mailbox, from 1, never used twice. */
export interface WaiterData {
  readonly seq: number;
  /** The wait's message in its run: the waiter's id, and the key by which a second registration is known. */
  readonly messageId: string;
  readonly runId: string;
  /** Unix ms. */
  readonly runCreatedAt: number;
  /** Where the result is delivered. */
  readonly url: string;
  readonly workflowUrl: string;
  readonly timeoutUrl?: string;
  /** Unix ms. */
  readonly deadlineAt: number;
}

/** `event`: a notify, the body is what it carried; `webhook`: a hook call, the body is the JSON that describes it (8.4). */
export type NoticeKind = 'event' | 'webhook';

export interface MailboxEventData {
  WaiterRegistered: WaiterData;
  /** A broadcast: everybody who waits with `seq` up to `upToSeq`. An event without a waiter is no event: there is no lookback (8.5). */
  WaitersNotified: { readonly noticeId: string; readonly upToSeq: number; readonly body?: StoredBody };
  /** One run was notified that waits; of several waits of it the oldest. */
  WaiterNotified: {
    readonly noticeId: string;
    readonly kind: NoticeKind;
    readonly seq: number;
    readonly body?: StoredBody;
  };
  /** One run was notified that doesn't wait yet: kept until it does, first in, first out (8.5). */
  NoticeKept: {
    readonly noticeId: string;
    readonly kind: NoticeKind;
    readonly runId: string;
    readonly body?: StoredBody;
  };
  /** A run began to wait for which something was kept: the oldest of it is given out. Follows its `WaiterRegistered` in one entry. */
  KeptNoticeTaken: { readonly noticeId: string; readonly seq: number };
  WaiterTimedOut: { readonly seq: number };
  /** The run has ended: its waits and what is kept for it are gone, and for an hour nothing is kept for it any more. */
  RunDropped: { readonly runId: string };
  /** What was owed and is done, written lazily like successes (L7): by version of the entry that made it owed, ranges of `k`. */
  EffectsSettled: { readonly ranges: readonly SettledRange[] };
  /** One part of the whole state (L8); a fold starts at the first part of the last complete set. */
  MailboxSnapshot: MailboxSnapshotPart;
}

/** Effects `<stream>:<version>:<from>` to `…:<to>`, both included. */
export type SettledRange = readonly [version: number, from: number, to: number];

/** Parts `0` to `parts - 1` are consecutive entries; at most 1 MiB each. `items` is JSON of the aggregate's own making. */
export interface MailboxSnapshotPart {
  readonly part: number;
  readonly parts: number;
  readonly items: readonly unknown[];
}

export type MailboxEventType = keyof MailboxEventData;

export type MailboxEvent = {
  [Type in MailboxEventType]: {
    readonly type: Type;
    readonly data: MailboxEventData[Type];
    readonly bodies: readonly Uint8Array[];
  };
}[MailboxEventType];

/** All event types; the compiler holds it against the union. */
export const MAILBOX_EVENT_TYPES = {
  WaiterRegistered: true,
  WaitersNotified: true,
  WaiterNotified: true,
  NoticeKept: true,
  KeptNoticeTaken: true,
  WaiterTimedOut: true,
  RunDropped: true,
  EffectsSettled: true,
  MailboxSnapshot: true,
} as const satisfies Record<MailboxEventType, true>;

/** Whether this version knows the event. */
export function isMailboxEventType(type: string): type is MailboxEventType {
  return Object.hasOwn(MAILBOX_EVENT_TYPES, type);
}
