import type { TimerRow } from '../ports/read-models.port';
import type { BodyPlace } from '../run/run.state';
import type { NoticeKind, WaiterData } from './mailbox.events';

/*
 * A mailbox, folded. Holds no bodies, only where they lie (L8).
 *
 * 1. `waiters` is who waits now, oldest first; whoever was notified, timed out or dropped is not in it any more.
 * 2. `owed` holds exactly what must still happen outside of this stream, by effect id; recovery sends all of it (E2).
 * 3. Everything that ages (remembered answers, ended waiters, dropped runs) is forgotten by the times of entries alone, so that every fold agrees.
 */
export interface MailboxState {
  readonly eventId: string;
  version: number;
  /** The last number given to a waiter. */
  lastSeq: number;
  /** By `seq`, in that order. */
  readonly waiters: Map<number, WaiterData>;
  readonly seqByMessage: Map<string, number>;
  /** Waiters of a run, oldest first. */
  readonly seqsByRun: Map<string, number[]>;
  /** What is kept for runs that don't wait yet, first in, first out. */
  readonly kept: Map<string, KeptNotice[]>;
  /** Answers to notices of the last hour by their id (B3): asked again, they are given again. Oldest first, bounded. */
  readonly answered: Map<string, AnsweredNotice>;
  /** Runs dropped within the last hour, with the time (unix ms): a notice that was on its way finds nobody to keep it for. */
  readonly dropped: Map<string, number>;
  /**
   * Waiters that were notified or timed out within the last hour, by message id, with the time (unix ms): a registration that was asked
   * twice, and once arrives late, begins no second wait that a notice would be spent on.
   */
  readonly ended: Map<string, number>;
  readonly owed: Map<string, MailboxObligation>;
  /** Outstanding `TellRun`s by the waiter's message id: what an answer has to wait for. */
  readonly tells: Map<string, string>;
  /** Outstanding `SetTimer`s by the waiter's `seq`. */
  readonly timers: Map<number, string>;
  /** How many notices are in `kept`, and how many waiters are listed in `answered`. */
  keptNotices: number;
  listedWaiters: number;
  /** Unix ms: when old memories were looked for last. */
  forgottenAt: number;
  /** Of a fold that began at a snapshot and has not read all of it: the part that must come next. No decision is made on it. */
  nextPart?: number;
}

export interface KeptNotice {
  readonly noticeId: string;
  readonly kind: NoticeKind;
  readonly body?: BodyPlace;
}

export interface AnsweredNotice {
  /** Unix ms. */
  readonly at: number;
  /** How many were notified; `waiters` lists the first of them. */
  readonly notified: number;
  readonly waiters: WaiterData[];
}

/** What must still happen, addressed to somebody else (architecture.md section 4). */
export type MailboxObligation =
  /** The waiter's run is to record the result. */
  | {
      readonly type: 'TellRun';
      readonly waiter: WaiterData;
      readonly outcome: WaitOutcome;
    }
  | { readonly type: 'SetTimer'; readonly seq: number; readonly messageId: string; readonly dueAt: number }
  | { readonly type: 'CancelTimer'; readonly timerId: string };

/** How a wait ended. No `body` = the notice carried none. */
export type WaitOutcome = { readonly kind: NoticeKind; readonly body?: BodyPlace } | { readonly kind: 'timeout' };

/** A waiter's timer, one for its deadline. */
export const waitTimerId = (eventId: string, messageId: string): string => `mailbox-${eventId}/${messageId}`;

/** The timer that a waiter of a mailbox needs: its deadline's. `dueAt` in unix ms. */
export const waitTimerOf = (
  eventId: string,
  { messageId, dueAt }: { readonly messageId: string; readonly dueAt: number },
  partition: number,
): TimerRow => ({ id: waitTimerId(eventId, messageId), partition, dueAt, ask: { eventId, messageId } });
