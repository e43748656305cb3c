import { LISTED_WAITERS } from '../messages/catalogue';
import type { WaiterData } from './mailbox.events';
import type { MailboxState } from './mailbox.state';

/*
 * What a mailbox remembers for an hour although it is over: answers to notices (B3), waiters that ended, runs that were dropped.
 *
 * 1. What is remembered goes by the times of entries alone, never by who folds or when (mailbox.state.ts 3). Whoever decides compares
 *    with its own time as well: the newest entry may be older than an hour.
 * 2. Maps are in the order of time, so that forgetting looks at what is forgotten and at one more. It does so once a minute: to find the
 *    first of a map from which many were removed is a walk.
 */

const REMEMBERED_MS = 60 * 60 * 1000;
const FORGET_EVERY_MS = 60 * 1000;
/** Answers are bounded too, and so are the waiters that they list: both are as large as their users make them. */
const MOST_ANSWERS = 10_000;
const MOST_LISTED = 100 * LISTED_WAITERS;

/** Whether what happened at `since` is still known at `at`; never, if it didn't. */
export const isRemembered = (since: number | undefined, at: number): boolean =>
  since !== undefined && at - since < REMEMBERED_MS;

/** Oldest first stays true although the same may happen again. */
export function remember<Key, Value>(memory: Map<Key, Value>, key: Key, value: Value): void {
  memory.delete(key);
  memory.set(key, value);
}

export function rememberAnswer(
  state: MailboxState,
  noticeId: string,
  answer: { readonly at: number; readonly notified: readonly WaiterData[] },
): void {
  forgetAnswer(state, noticeId);
  const { at, notified } = answer;
  const waiters = notified.slice(0, LISTED_WAITERS);
  state.answered.set(noticeId, { at, notified: notified.length, waiters });
  state.listedWaiters += waiters.length;
  for (const oldest of state.answered.keys()) {
    if (state.answered.size <= MOST_ANSWERS && state.listedWaiters <= MOST_LISTED) break;
    forgetAnswer(state, oldest);
  }
}

/** After each event; most of the time it finds that a minute has not passed. */
export function forgetOld(state: MailboxState, at: number): void {
  if (at - state.forgottenAt < FORGET_EVERY_MS) return;
  state.forgottenAt = at;
  for (const [noticeId, answer] of state.answered) {
    if (isRemembered(answer.at, at)) break;
    forgetAnswer(state, noticeId);
  }
  for (const memory of [state.ended, state.dropped]) {
    for (const [key, since] of memory) {
      if (isRemembered(since, at)) break;
      memory.delete(key);
    }
  }
}

function forgetAnswer(state: MailboxState, noticeId: string): void {
  state.listedWaiters -= state.answered.get(noticeId)?.waiters.length ?? 0;
  state.answered.delete(noticeId);
}
