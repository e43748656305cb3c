import type { WaiterData } from '../mailbox/mailbox.events';

type Waiter = Omit<WaiterData, 'seq'>;
interface Notice {
  readonly noticeId: string;
  readonly runId?: string;
}

const HOUR_MS = 60 * 60 * 1000;

/**
 * What a mailbox is to its users (protocol.md 8.4-8.6), in lists that are searched from end to end; written from the protocol and
 * sharing nothing with the aggregate. `endings` are all waits that ended, with the notice that did it or `timeout`.
 */
export class MailboxModel {
  waiting: Waiter[] = [];
  kept: { readonly noticeId: string; readonly runId: string }[] = [];
  readonly endings: { readonly messageId: string; readonly by: string }[] = [];
  private readonly untold = new Set<string>();
  private readonly endedAt = new Map<string, number>();
  private readonly droppedAt = new Map<string, number>();
  private readonly answers = new Map<string, { readonly at: number; readonly messageIds: readonly string[] }>();

  register(waiter: Waiter, at: number): void {
    const { messageId, runId } = waiter;
    const waits = this.waiting.some((each) => each.messageId === messageId);
    const isKnown = waits || this.untold.has(messageId) || within(this.endedAt.get(messageId), at);
    if (isKnown || within(this.droppedAt.get(runId), at)) return;
    const notice = this.kept.find((each) => each.runId === runId);
    this.waiting.push(waiter);
    if (!notice) return;
    this.kept = this.kept.filter((each) => each !== notice);
    this.end(waiter, notice.noticeId, at);
  }

  /** Returns the message ids of who is notified. */
  notify({ noticeId, runId }: Notice, at: number): readonly string[] {
    const before = this.answers.get(noticeId);
    if (before && within(before.at, at)) return before.messageIds;
    const found = runId === undefined ? this.waiting : this.waiting.filter((each) => each.runId === runId).slice(0, 1);
    const isKept = runId !== undefined && found.length === 0 && !within(this.droppedAt.get(runId), at);
    if (isKept) this.kept.push({ noticeId, runId });
    const messageIds = found.map(({ messageId }) => messageId);
    if (isKept || found.length > 0) this.answers.set(noticeId, { at, messageIds });
    for (const waiter of found) this.end(waiter, noticeId, at);
    return messageIds;
  }

  deadline(messageId: string, at: number): { readonly done: true } | { readonly notYetMs: number } {
    const waiter = this.waiting.find((each) => each.messageId === messageId);
    if (!waiter) return { done: true };
    if (at < waiter.deadlineAt) return { notYetMs: waiter.deadlineAt - at };
    this.end(waiter, 'timeout', at);
    return { done: true };
  }

  drop(runId: string, at: number): void {
    if (within(this.droppedAt.get(runId), at)) return;
    this.waiting = this.waiting.filter((each) => each.runId !== runId);
    this.kept = this.kept.filter((each) => each.runId !== runId);
    this.droppedAt.set(runId, at);
  }

  /** It is known that the runs of these waits were told. */
  told(messageIds: readonly string[]): void {
    for (const messageId of messageIds) this.untold.delete(messageId);
  }

  private end(waiter: Waiter, by: string, at: number): void {
    const { messageId } = waiter;
    this.waiting = this.waiting.filter((each) => each !== waiter);
    this.endings.push({ messageId, by });
    this.untold.add(messageId);
    this.endedAt.set(messageId, at);
  }
}

const within = (since: number | undefined, at: number): boolean => since !== undefined && at - since < HOUR_MS;
