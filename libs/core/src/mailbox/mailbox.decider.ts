import type { Done, NotifyAnswer } from '../messages/catalogue';
import { LISTED_WAITERS } from '../messages/catalogue';
import type { CommandContext, Decision, NewBody } from '../run/decision';
import { already, mailboxEvent } from '../run/decision';
import { placeOfEffect } from '../run/effects';
import type { MailboxEvent, NoticeKind, SettledRange, WaiterData } from './mailbox.events';
import { isRemembered } from './mailbox.memory';
import type { MailboxState } from './mailbox.state';

/*
 * Who waits, who is notified, who is too late (protocol.md 8.4-8.6). The mailbox alone arbitrates between notify and timeout, because
 * both come here first (architecture.md section 4).
 *
 * 1. A waiter ends once, by whatever is decided first: what comes later doesn't find it, and is spent on nobody.
 * 2. Nothing is refused: whoever tells a mailbox something must be able to forget it. Everything may come twice, or late.
 * 3. What is meant for one run is kept until that waits, first in, first out; what is meant for all is for those who wait now (8.5).
 */

/** What {@link notify} is given; `noticeId` is made once per HTTP request (B3). */
export interface Notice {
  readonly noticeId: string;
  readonly kind: NoticeKind;
  /** Absent = for whoever waits. */
  readonly runId?: string;
  readonly body?: NewBody;
}

/** A run begins to wait. What is kept for it ends the wait in the same entry, the oldest first. */
export function registerWaiter(
  state: MailboxState | undefined,
  waiter: Omit<WaiterData, 'seq'>,
  context: CommandContext,
): Decision<Done, MailboxEvent> {
  if (state && (isKnown(state, waiter.messageId, context.at) || isDropped(state, waiter.runId, context.at))) {
    return already({});
  }
  const seq = (state?.lastSeq ?? 0) + 1;
  const registered = mailboxEvent('WaiterRegistered', () => ({ ...waiter, seq }));
  const kept = state?.kept.get(waiter.runId)?.[0];
  if (!kept) return { accepted: [registered], answer: {} };
  const taken = mailboxEvent('KeptNoticeTaken', () => ({ noticeId: kept.noticeId, seq }));
  return { accepted: [registered, taken], answer: {} };
}

/** It waits, or did: its end may still have to be told, however long ago it was. */
function isKnown(state: MailboxState, messageId: string, at: number): boolean {
  return (
    state.seqByMessage.has(messageId) || state.tells.has(messageId) || isRemembered(state.ended.get(messageId), at)
  );
}

const isDropped = (state: MailboxState, runId: string, at: number): boolean =>
  isRemembered(state.dropped.get(runId), at);

/** Awaits that those runs were told which the answer lists. */
export function notify(
  state: MailboxState | undefined,
  notice: Notice,
  context: CommandContext,
): Decision<NotifyAnswer, MailboxEvent> {
  const before = state?.answered.get(notice.noticeId);
  if (before && isRemembered(before.at, context.at)) return notified([], before.notified, before.waiters);
  return notice.runId === undefined ? notifyAll(state, notice) : notifyRun(state, notice, notice.runId, context);
}

function notifyAll(state: MailboxState | undefined, { noticeId, body }: Notice): Decision<NotifyAnswer, MailboxEvent> {
  if (!state || state.waiters.size === 0) return notified([], 0, []);
  const event = mailboxEvent('WaitersNotified', (bodies) => ({
    noticeId,
    upToSeq: state.lastSeq,
    ...(body ? { body: bodies.store(body) } : {}),
  }));
  return notified([event], state.waiters.size, waitersOf(state));
}

/** For one run that doesn't wait. Hooks are called by strangers: what they leave behind has to have an end. */
const KEPT_NOTICES = 10_000;

function notifyRun(
  state: MailboxState | undefined,
  { noticeId, kind, body }: Notice,
  runId: string,
  context: CommandContext,
): Decision<NotifyAnswer, MailboxEvent> {
  if (state && isDropped(state, runId, context.at)) return notified([], 0, []);
  const waiter = state?.waiters.get(state.seqsByRun.get(runId)?.[0] ?? 0);
  if (!waiter) {
    if ((state?.kept.get(runId)?.length ?? 0) >= KEPT_NOTICES) {
      return { refused: 'QUOTA_EXCEEDED', message: `${KEPT_NOTICES} notices are kept for this run already` };
    }
    const kept = mailboxEvent('NoticeKept', (bodies) => ({
      noticeId,
      kind,
      runId,
      ...(body ? { body: bodies.store(body) } : {}),
    }));
    return notified([kept], 0, []);
  }
  const event = mailboxEvent('WaiterNotified', (bodies) => ({
    noticeId,
    kind,
    seq: waiter.seq,
    ...(body ? { body: bodies.store(body) } : {}),
  }));
  return notified([event], 1, [waiter]);
}

function notified(
  accepted: readonly MailboxEvent[],
  count: number,
  waiters: readonly WaiterData[],
): Decision<NotifyAnswer, MailboxEvent> {
  const answer = { notified: count, waiters };
  return waiters.length > 0
    ? { accepted, answer, awaits: waiters.map(({ messageId }) => messageId) }
    : { accepted, answer };
}

/** A waiter's timer asks for it (T2): not before its deadline by the stream's time, and once. */
export function deadlineDue(
  state: MailboxState | undefined,
  key: { readonly messageId: string },
  context: CommandContext,
): Decision<{ readonly done: true } | { readonly notYetMs: number }, MailboxEvent> {
  const waiter = state?.waiters.get(state.seqByMessage.get(key.messageId) ?? 0);
  if (!waiter) return already({ done: true });
  const notYetMs = waiter.deadlineAt - context.at;
  if (notYetMs > 0) return already({ notYetMs });
  return { accepted: [mailboxEvent('WaiterTimedOut', () => ({ seq: waiter.seq }))], answer: { done: true } };
}

/** A run has ended. Also where it was never heard of: what is meant for it may be on its way. */
export function dropRun(
  state: MailboxState | undefined,
  runId: string,
  context: CommandContext,
): Decision<Done, MailboxEvent> {
  if (state && isDropped(state, runId, context.at)) return already({});
  return { accepted: [mailboxEvent('RunDropped', () => ({ runId }))], answer: {} };
}

/** Oldest first; no more than are ever listed. */
export function waitersOf(state: MailboxState | undefined): WaiterData[] {
  const listed: WaiterData[] = [];
  for (const waiter of state?.waiters.values() ?? []) {
    if (listed.length === LISTED_WAITERS) break;
    listed.push(waiter);
  }
  return listed;
}

/**
 * What somebody has done of what was owed, to ride with the next entry, or a second later by itself (L7). A range of its own takes two
 * dozen bytes: a hundred thousand effects are no more than an entry can hold.
 */
export function effectsSettled(effectIds: Iterable<string>): MailboxEvent {
  return mailboxEvent('EffectsSettled', () => ({ ranges: rangesOf(effectIds) }));
}

function rangesOf(effectIds: Iterable<string>): SettledRange[] {
  const places = [...effectIds].map(placeOfEffect).sort((a, b) => a.version - b.version || a.k - b.k);
  const ranges: [version: number, from: number, to: number][] = [];
  for (const { version, k } of places) {
    const last = ranges.at(-1);
    if (last?.[0] === version && k <= last[2] + 1) last[2] = k;
    else ranges.push([version, k, k]);
  }
  return ranges;
}
