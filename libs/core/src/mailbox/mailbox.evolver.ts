import { mailboxStream } from '../messages/partition';
import type { Changes } from '../run/effects';
import { effectIdOf, EntryEffects } from '../run/effects';
import type { StoredBody } from '../run/run.events';
import type { MailboxEvent, MailboxEventData, NoticeKind, WaiterData } from './mailbox.events';
import { addKept, addWaiter, indexOwed, removeKept, removeWaiter, unindexOwed } from './mailbox.indexes';
import { forgetOld, remember, rememberAnswer } from './mailbox.memory';
import { readItems } from './mailbox.snapshot';
import type { MailboxObligation, MailboxState, WaitOutcome } from './mailbox.state';
import { waitTimerId } from './mailbox.state';

/*
 * evolve: how each event changes a mailbox, and which obligations it brings and ends. Total: an event that was accepted once must fold
 * for ever, so nothing here refuses.
 *
 * 1. A waiter's timer is owed from its registration on, and cancelled when the waiter ends by anything but that timer: also while its
 *    `SetTimer` is still owed, since that may have been done without being settled yet. Only what this very entry made owed can't.
 * 2. Each event costs what it changes. A broadcast costs its waiters; nothing else looks at more than one run's.
 * 3. The state is changed in place; who loses a commit drops the state and folds again.
 * 4. To a fold that knows what was before it a snapshot is news of nothing; a fold that knows nothing may begin with the first part of
 *    a complete set (L8), whose obligations are then what that entry made owed, under the ids they always had.
 */

/** One committed entry of a mailbox's stream: `version` counts its entries from 1, `at` is its commit in unix ms. */
export interface MailboxEntry {
  readonly stream: string;
  readonly version: number;
  readonly at: number;
  readonly events: readonly Omit<MailboxEvent, 'bodies'>[];
}

/** Folds one entry; `state` is undefined before the first. @throws Error for a fold that began within a set of snapshot parts */
export function evolveMailbox(
  state: MailboxState | undefined,
  entry: MailboxEntry,
): { state: MailboxState; changes: Changes<MailboxObligation> } {
  const folded = state ?? unused(entry.stream);
  const fold = new EntryFold(folded, entry);
  entry.events.forEach((event, index) => {
    fold.apply(event as MailboxEvent, index);
  });
  folded.version = entry.version;
  return { state: folded, changes: fold.changes() };
}

function unused(stream: string): MailboxState {
  return {
    eventId: stream.slice(mailboxStream('').length),
    version: 0,
    lastSeq: 0,
    waiters: new Map(),
    seqByMessage: new Map(),
    seqsByRun: new Map(),
    kept: new Map(),
    answered: new Map(),
    dropped: new Map(),
    ended: new Map(),
    owed: new Map(),
    tells: new Map(),
    timers: new Map(),
    keptNotices: 0,
    listedWaiters: 0,
    forgottenAt: 0,
  };
}

class EntryFold {
  private readonly effects: EntryEffects<MailboxObligation>;

  constructor(
    private readonly state: MailboxState,
    private readonly entry: MailboxEntry,
  ) {
    this.effects = new EntryEffects(entry);
  }

  changes(): Changes<MailboxObligation> {
    return this.effects.changes();
  }

  apply(event: MailboxEvent, index: number): void {
    if (event.type === 'MailboxSnapshot') {
      this.snapshotWritten(event.data);
      return;
    }
    if (this.state.nextPart !== undefined) throw this.misbegun();
    switch (event.type) {
      case 'WaiterRegistered':
        this.waiterRegistered(event.data);
        break;
      case 'WaitersNotified':
        this.waitersNotified(event.data, index);
        break;
      case 'WaiterNotified':
        this.waiterNotified(event.data, index);
        break;
      case 'NoticeKept':
        this.noticeKept(event.data, index);
        break;
      case 'KeptNoticeTaken':
        this.keptNoticeTaken(event.data);
        break;
      case 'WaiterTimedOut':
        this.waiterTimedOut(event.data);
        break;
      case 'RunDropped':
        this.runDropped(event.data);
        break;
      case 'EffectsSettled':
        this.effectsSettled(event.data);
        break;
    }
    forgetOld(this.state, this.entry.at);
  }

  private waiterRegistered(waiter: WaiterData): void {
    const { seq, messageId, deadlineAt } = waiter;
    this.state.lastSeq = seq;
    addWaiter(this.state, waiter);
    this.owe({ type: 'SetTimer', seq, messageId, dueAt: deadlineAt });
  }

  private waitersNotified(data: MailboxEventData['WaitersNotified'], index: number): void {
    const notified: WaiterData[] = [];
    for (const waiter of this.state.waiters.values()) {
      if (waiter.seq > data.upToSeq) break;
      notified.push(waiter);
    }
    this.notified(notified, this.outcome('event', index, data.body));
    this.answered(data.noticeId, notified);
  }

  private waiterNotified(data: MailboxEventData['WaiterNotified'], index: number): void {
    const waiter = this.state.waiters.get(data.seq);
    const notified = waiter ? [waiter] : [];
    this.notified(notified, this.outcome(data.kind, index, data.body));
    this.answered(data.noticeId, notified);
  }

  private noticeKept(data: MailboxEventData['NoticeKept'], index: number): void {
    const { noticeId, runId } = data;
    addKept(this.state, runId, { noticeId, ...this.outcome(data.kind, index, data.body) });
    this.answered(noticeId, []);
  }

  private keptNoticeTaken({ noticeId, seq }: MailboxEventData['KeptNoticeTaken']): void {
    const waiter = this.state.waiters.get(seq);
    const notice = waiter && removeKept(this.state, waiter.runId, noticeId);
    if (!notice) return;
    const { kind, body } = notice;
    this.notified([waiter], { kind, ...(body ? { body } : {}) });
  }

  private waiterTimedOut({ seq }: MailboxEventData['WaiterTimedOut']): void {
    const waiter = this.state.waiters.get(seq);
    if (!waiter) return;
    this.leave(waiter);
    this.tell(waiter, { kind: 'timeout' });
  }

  private runDropped({ runId }: MailboxEventData['RunDropped']): void {
    const { state } = this;
    const waiters = (state.seqsByRun.get(runId) ?? []).flatMap((seq) => state.waiters.get(seq) ?? []);
    this.cancelTimers(waiters.filter((waiter) => this.leave(waiter)));
    state.keptNotices -= state.kept.get(runId)?.length ?? 0;
    state.kept.delete(runId);
    remember(state.dropped, runId, this.entry.at);
  }

  private effectsSettled({ ranges }: MailboxEventData['EffectsSettled']): void {
    for (const [version, from, to] of ranges) {
      for (let k = from; k <= to; k += 1) this.settle(effectIdOf(this.entry.stream, version, k));
    }
  }

  private snapshotWritten({ part, parts, items }: MailboxEventData['MailboxSnapshot']): void {
    const { state } = this;
    if (state.version > 0 && state.nextPart === undefined) return;
    if (part !== (state.nextPart ?? 0)) throw this.misbegun();
    readItems(state, this.entry.stream, items, (effectId, obligation) => {
      this.effects.restore(state.owed, effectId, obligation);
    });
    if (part + 1 < parts) state.nextPart = part + 1;
    else delete state.nextPart;
  }

  private misbegun(): Error {
    return new Error(`the fold of ${this.entry.stream} began at a snapshot that is not complete`);
  }

  /** All tells first: what is settled together then has neighbouring ids, and fits into few ranges. */
  private notified(waiters: readonly WaiterData[], outcome: WaitOutcome): void {
    const timed = waiters.filter((waiter) => this.leave(waiter));
    for (const waiter of waiters) this.tell(waiter, outcome);
    this.cancelTimers(timed);
  }

  /** Returns whether the waiter may have a timer. */
  private leave(waiter: WaiterData): boolean {
    removeWaiter(this.state, waiter);
    const setTimer = this.state.timers.get(waiter.seq);
    if (setTimer === undefined) return true;
    const isOwn = this.effects.isOwn(setTimer);
    this.settle(setTimer);
    return !isOwn;
  }

  private tell(waiter: WaiterData, outcome: WaitOutcome): void {
    remember(this.state.ended, waiter.messageId, this.entry.at);
    this.owe({ type: 'TellRun', waiter, outcome });
  }

  private cancelTimers(waiters: readonly WaiterData[]): void {
    for (const { messageId } of waiters) {
      this.owe({ type: 'CancelTimer', timerId: waitTimerId(this.state.eventId, messageId) });
    }
  }

  private answered(noticeId: string, notified: readonly WaiterData[]): void {
    rememberAnswer(this.state, noticeId, { at: this.entry.at, notified });
  }

  private owe(obligation: MailboxObligation): void {
    indexOwed(this.state, this.effects.owe(this.state.owed, obligation), obligation);
  }

  private settle(effectId: string): void {
    const obligation = this.state.owed.get(effectId);
    if (!obligation) return;
    unindexOwed(this.state, obligation);
    this.effects.settle(this.state.owed, effectId);
  }

  private outcome(kind: NoticeKind, event: number, body: StoredBody | undefined): Notified {
    return { kind, ...(body ? { body: { version: this.entry.version, event, body } } : {}) };
  }
}

type Notified = Exclude<WaitOutcome, { readonly kind: 'timeout' }>;
