import { effectIdOf, placeOfEffect } from '../run/effects';
import type { MailboxEvent, MailboxSnapshotPart, WaiterData } from './mailbox.events';
import { mailboxEvent } from '../run/decision';
import { addKept, addWaiter, indexOwed } from './mailbox.indexes';
import type { KeptNotice, MailboxObligation, MailboxState } from './mailbox.state';

/*
 * Snapshots of a mailbox (L8): its whole state as a set of parts, so that a fold need not begin at a stream's beginning that never
 * ends.
 *
 * 1. A part is an entry of its own, and nothing else is in that entry; the parts of a set are consecutive entries. Whoever crashes
 *    within a set has written nothing that matters: no fold begins there.
 * 2. Owed effects keep their ids, and bodies are named by where they lie, as ever: entries of before a snapshot stay in the log.
 * 3. Items are written in the order of the state's maps, and read in that order. What they look like is never changed once released (L6).
 */

type SnapshotItem =
  | readonly ['mailbox', { readonly lastSeq: number; readonly forgottenAt: number }]
  | readonly ['waiter', WaiterData]
  | readonly ['kept', runId: string, KeptNotice]
  | readonly ['answered', noticeId: string, { readonly at: number; readonly notified: number }]
  /** Of the answer to that notice. */
  | readonly ['listed', noticeId: string, WaiterData]
  | readonly ['ended', messageId: string, at: number]
  | readonly ['dropped', runId: string, at: number]
  | readonly ['owed', version: number, k: number, MailboxObligation];

/** Entries that are always folded rather than a snapshot written. */
const LEAST_ENTRIES = 200;
/** What a part is made of besides its items. */
const FRAME_BYTES = 64;

/** Whether the entries since the last snapshot cost as much to fold as a snapshot to write: each entry pays for one item. */
export function snapshotIsDue(state: MailboxState, entriesSinceLast: number): boolean {
  return entriesSinceLast >= Math.max(LEAST_ENTRIES, itemsIn(state));
}

function itemsIn(state: MailboxState): number {
  const { waiters, keptNotices, answered, listedWaiters, ended, dropped, owed } = state;
  return 1 + waiters.size + keptNotices + answered.size + listedWaiters + ended.size + dropped.size + owed.size;
}

/** The state as a set of parts, each at most `maxPartBytes` of JSON; a single item that is larger has a part of its own. */
export function mailboxSnapshot(state: MailboxState, maxPartBytes: number): MailboxEvent[] {
  const parts = packed(itemsOf(state), maxPartBytes - FRAME_BYTES);
  return parts.map((items, part) => mailboxEvent('MailboxSnapshot', () => ({ part, parts: parts.length, items })));
}

/** To which set an entry that holds a part belongs: a fold may begin at version `first` if it is the last part of its set. */
export function snapshotSetOf(entry: { readonly version: number; readonly data: MailboxSnapshotPart }): {
  readonly first: number;
  readonly isComplete: boolean;
} {
  const { part, parts } = entry.data;
  return { first: entry.version - part, isComplete: part === parts - 1 };
}

/** Adds what a part holds to a state that has read the parts before it. */
export function readItems(
  state: MailboxState,
  stream: string,
  items: readonly unknown[],
  owe: (effectId: string, obligation: MailboxObligation) => void,
): void {
  for (const item of items as readonly SnapshotItem[]) {
    switch (item[0]) {
      case 'mailbox':
        state.lastSeq = item[1].lastSeq;
        state.forgottenAt = item[1].forgottenAt;
        break;
      case 'waiter':
        addWaiter(state, item[1]);
        break;
      case 'kept':
        addKept(state, item[1], item[2]);
        break;
      case 'answered':
        state.answered.set(item[1], { ...item[2], waiters: [] });
        break;
      case 'listed':
        state.answered.get(item[1])?.waiters.push(item[2]);
        state.listedWaiters += 1;
        break;
      case 'ended':
        state.ended.set(item[1], item[2]);
        break;
      case 'dropped':
        state.dropped.set(item[1], item[2]);
        break;
      case 'owed': {
        const [, version, k, obligation] = item;
        const effectId = effectIdOf(stream, version, k);
        owe(effectId, obligation);
        indexOwed(state, effectId, obligation);
        break;
      }
    }
  }
}

function* itemsOf(state: MailboxState): Generator<SnapshotItem> {
  yield ['mailbox', { lastSeq: state.lastSeq, forgottenAt: state.forgottenAt }];
  for (const waiter of state.waiters.values()) yield ['waiter', waiter];
  for (const [runId, notices] of state.kept) for (const notice of notices) yield ['kept', runId, notice];
  for (const [noticeId, { at, notified, waiters }] of state.answered) {
    yield ['answered', noticeId, { at, notified }];
    for (const waiter of waiters) yield ['listed', noticeId, waiter];
  }
  for (const [messageId, at] of state.ended) yield ['ended', messageId, at];
  for (const [runId, at] of state.dropped) yield ['dropped', runId, at];
  for (const [effectId, obligation] of state.owed) {
    const { version, k } = placeOfEffect(effectId);
    yield ['owed', version, k, obligation];
  }
}

function packed(items: Iterable<SnapshotItem>, mostBytes: number): SnapshotItem[][] {
  const parts: SnapshotItem[][] = [];
  let part: SnapshotItem[] = [];
  let bytes = 0;
  for (const item of items) {
    const itemBytes = utf8Bytes(JSON.stringify(item)) + 1;
    if (part.length === 0 || bytes + itemBytes > mostBytes) {
      part = [];
      parts.push(part);
      bytes = 0;
    }
    part.push(item);
    bytes += itemBytes;
  }
  return parts;
}

/** Without making the bytes; half a surrogate pair counts half of its four. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
