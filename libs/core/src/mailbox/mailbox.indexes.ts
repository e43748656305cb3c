import type { WaiterData } from './mailbox.events';
import type { KeptNotice, MailboxObligation, MailboxState } from './mailbox.state';

/*
 * The maps of a mailbox by which something is found, kept in step with what they find: events and snapshots fill them alike.
 */

export function addWaiter(state: MailboxState, waiter: WaiterData): void {
  const { seq, messageId, runId } = waiter;
  state.waiters.set(seq, waiter);
  state.seqByMessage.set(messageId, seq);
  const ofRun = state.seqsByRun.get(runId);
  if (ofRun) ofRun.push(seq);
  else state.seqsByRun.set(runId, [seq]);
}

export function removeWaiter(state: MailboxState, { seq, messageId, runId }: WaiterData): void {
  state.waiters.delete(seq);
  state.seqByMessage.delete(messageId);
  removeFrom(state.seqsByRun, runId, (each) => each === seq);
}

export function addKept(state: MailboxState, runId: string, notice: KeptNotice): void {
  const ofRun = state.kept.get(runId);
  if (ofRun) ofRun.push(notice);
  else state.kept.set(runId, [notice]);
  state.keptNotices += 1;
}

export function removeKept(state: MailboxState, runId: string, noticeId: string): KeptNotice | undefined {
  const removed = removeFrom(state.kept, runId, (each) => each.noticeId === noticeId);
  if (removed) state.keptNotices -= 1;
  return removed;
}

export function indexOwed(state: MailboxState, effectId: string, obligation: MailboxObligation): void {
  if (obligation.type === 'TellRun') state.tells.set(obligation.waiter.messageId, effectId);
  else if (obligation.type === 'SetTimer') state.timers.set(obligation.seq, effectId);
}

export function unindexOwed(state: MailboxState, obligation: MailboxObligation): void {
  if (obligation.type === 'TellRun') state.tells.delete(obligation.waiter.messageId);
  else if (obligation.type === 'SetTimer') state.timers.delete(obligation.seq);
}

/** What is removed is nearly always the oldest: that costs no search. */
function removeFrom<Item>(lists: Map<string, Item[]>, key: string, matches: (item: Item) => boolean): Item | undefined {
  const list = lists.get(key);
  const index = list?.findIndex(matches) ?? -1;
  if (!list || index < 0) return undefined;
  const [removed] = index === 0 ? [list.shift()] : list.splice(index, 1);
  if (list.length === 0) lists.delete(key);
  return removed;
}
