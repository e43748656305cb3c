import type { ErrorCode } from '../rest/error-codes';
import type { NoticeKind, WaiterData } from '../mailbox/mailbox.events';
import type { RunFilter, RunRow, TimerAsk, TimerRow } from '../ports/read-models.port';
import type { Invoker, TakeOver, TakeOverOverrides } from '../run/run.events';
import type { HeaderList, Submission } from '../wire/submission';
import type { BodyIndex } from './definition';
import { ask, work } from './definition';
import type { AuditRunAnswer, ExplainRunAnswer, FindAttemptRequest, RunningAttempt } from './explaining';
import type { AttemptKey, ReportCallRequest, ReportDeliveriesRequest } from './reporting';

/*
 * The message catalogue: everything one service may say to another, on one screen (habit 8).
 *
 *   gateway      ask  run-state       Submit, FinishRun, CancelRun, ReadMessages, ReadRunLog, ListRuns, ExplainRun
 *   gateway      ask  run-state       OpenMailbox, Notify, ReadWaiters, ReadMessage, CancelMessage
 *   gateway      ask  run-state       ReadDeadLetter, DeleteDeadLetter, TakeOverRun, RequestFailureCallback, CancelFailureCallback
 *   gateway      ask  http-caller     FindAttempt (all of them; silent who isn't making it)
 *   http-caller  ask  run-state       ReportDeliveries, ReportCall, StillWanted, ReadEntries, ReadBody
 *   scheduler    ask  run-state       TimersDue
 *   notifier     ask  run-state       Settle
 *   who has no store  ask  run-state  ReadTime
 *   run-state    ask  run-state       FlushRows (every member, before a list)
 *   run-state    ask  run-state       TellMailboxes, TellRuns, CopyRun, Submit (one stream tells another)
 *   run-state    ask  run-state       AuditRun, TimersDue (the auditor of one partition, of what waits for another); doctor, too
 *   run-state    ask  scheduler       SetTimers, CancelTimers
 *   run-state    work http-caller     Deliver, CallOut
 *   run-state    work event-notifier  Announce
 */

/** A refusal is an answer: it comes from the owner, under its lease (L2). */
export interface Refused {
  readonly refused: ErrorCode;
  readonly message?: string;
}

export const isRefused = (answer: object): answer is Refused => 'refused' in answer;

// ── gateway → run-state, to the partition of the run ────────────────────────────────────────────────────────────────────────

export interface SubmitRequest {
  readonly runId: string;
  /** Made once by the gateway per HTTP request: tells a repeated ask from a second submission (B3). */
  readonly askId: string;
  /** All of one run, applied atomically in this order (2.4). */
  readonly items: readonly Submission[];
  /** Only from another run, which starts this one: by an invoke (8.7) or a restart (12). */
  readonly invoker?: Invoker;
  readonly successorOf?: { readonly runId: string; readonly how: 'restart'; readonly startedAt: number };
}
export interface SubmitAnswer {
  /** Unix ms. */
  readonly runCreatedAt: number;
  readonly items: readonly { readonly messageId: string; readonly deduplicated: boolean }[];
}

export interface FinishRunRequest {
  readonly runId: string;
  /** Absent for `undefined` (no body at all). */
  readonly result?: BodyIndex;
}
export interface CancelRunRequest {
  readonly runId: string;
}
export interface CancelRunAnswer {
  /** False when it had ended before. */
  readonly cancelled: boolean;
}

export interface FlushRowsAnswer {
  /** Of these the rows of everything committed before are in the store: what its process holds. */
  readonly partitions: readonly number[];
}

export interface RunRequest {
  readonly runId: string;
}
/** The body is the JSON to answer with. */
export interface JsonAnswer {
  readonly json: BodyIndex;
}
export interface ReadRunLogRequest extends RunRequest {
  /** Leave payloads and results out (`trimBody`). */
  readonly trimBody: boolean;
}

export interface ListRunsRequest {
  readonly filter: RunFilter;
  readonly count: number;
  readonly cursor?: string;
}
export interface ListRunsAnswer {
  readonly rows: readonly RunRow[];
  readonly cursor?: string;
}

/** A message of a run (protocol.md 13.2). */
export interface MessageRequest extends RunRequest {
  readonly messageId: string;
}

/** A run is to be notified, or a hook of it was called (8.5, 8.6): is it alive? From now on it drops what is kept for it at its end. */
export interface OpenMailboxRequest extends RunRequest {
  readonly eventId: string;
}

/** To the mailbox. With a run it is kept when that doesn't wait yet; without one it is for whoever waits now (8.5). */
export interface NotifyRequest {
  readonly eventId: string;
  /** Made once per HTTP request (B3). */
  readonly noticeId: string;
  readonly kind: NoticeKind;
  readonly runId?: string;
  /** Absent = it carries nothing. */
  readonly body?: BodyIndex;
}
export interface NotifyAnswer {
  readonly notified: number;
  /** The first {@link LISTED_WAITERS} of them. */
  readonly waiters: readonly WaiterData[];
}
/** How many waiters an answer lists. */
export const LISTED_WAITERS = 1_000;

export interface ReadWaitersRequest {
  readonly eventId: string;
}
export interface ReadWaitersAnswer {
  /** Oldest first, the first {@link LISTED_WAITERS}. */
  readonly waiters: readonly WaiterData[];
}

/** A dead letter and its run (protocol.md 12); the id names the run. */
export interface DeadLetterRequest extends RunRequest {
  readonly dlqId: string;
  /** Of what changes something: made once per HTTP request and dead letter (B3). */
  readonly askId: string;
}
export interface TakeOverRunRequest extends DeadLetterRequest {
  readonly how: TakeOver;
  /** Id of the new run, should one be made. */
  readonly successor: string;
  readonly overrides: TakeOverOverrides;
}
export interface TakeOverRunAnswer {
  readonly workflowRunId: string;
  /** Unix ms. */
  readonly workflowCreatedAt: number;
}
export interface FailureCallbackAnswer {
  /** Unix ms. */
  readonly runCreatedAt: number;
}

// ── run-state → run-state: one stream tells another (architecture.md section 4) ──────────────────────────────────────────────────

export type MailboxTell =
  | { readonly kind: 'register'; readonly eventId: string; readonly waiter: Omit<WaiterData, 'seq'> }
  | { readonly kind: 'drop'; readonly eventId: string; readonly runId: string };
/** All of one partition. Answered when all of it is so. */
export interface TellMailboxesRequest {
  readonly tells: readonly MailboxTell[];
}

export type RunTell =
  | {
      readonly kind: 'wait-ended';
      readonly runId: string;
      /** The wait's. */
      readonly messageId: string;
      readonly eventId: string;
      readonly outcome: { readonly kind: NoticeKind; readonly body?: BodyIndex } | { readonly kind: 'timeout' };
    }
  | {
      readonly kind: 'child-ended';
      /** The parent. */
      readonly runId: string;
      /** The invoke's. */
      readonly messageId: string;
      readonly childRunId: string;
      readonly outcome: 'succeeded' | 'failed' | 'cancelled';
      readonly result?: BodyIndex;
    };
/** All of one partition. Bodies may be named by several tells. */
export interface TellRunsRequest {
  readonly tells: readonly RunTell[];
}
export interface TellRunsAnswer {
  /**
   * Same order. `movedTo` = another run has taken over (12): it is to be told instead. `notYet` = that run is still being made: it is to
   * be told again.
   */
  readonly results: readonly ({ readonly done: true } | { readonly movedTo: string } | { readonly notYet: true })[];
}

/** One part of a resumed run's copied log (12): an entry of the new stream, version `part + 1`. */
export interface CopyRunRequest extends RunRequest {
  /** The failed run. */
  readonly from: string;
  readonly part: number;
  readonly events: readonly { readonly type: string; readonly data: string; readonly bodies: readonly BodyIndex[] }[];
}

// ── http-caller → run-state ─────────────────────────────────────────────────────────────────────────────────────────────────

export interface StillWantedAnswer {
  readonly wanted: boolean;
}

/** What time it is by the primary's clock (T2). */
export interface TimeAnswer {
  readonly nowMs: number;
}

/** Where a body lies: in the message, or as a blob of the run (L5). */
export type BodyReference =
  { readonly inline: BodyIndex } | { readonly blob: { readonly sha256: string; readonly sizeBytes: number } };

/** One entry of the run's message log (protocol.md 7.1). */
export interface EntryHead {
  readonly index: number;
  readonly messageId: string;
  readonly callType: 'step' | 'toCallback' | 'fromCallback';
  readonly body: BodyReference;
}
export interface ReadEntriesRequest {
  readonly runId: string;
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}
export interface ReadEntriesAnswer {
  readonly entries: readonly EntryHead[];
}
export interface ReadBodyRequest {
  readonly runId: string;
  readonly sha256: string;
}
export interface ReadBodyAnswer {
  readonly body: BodyIndex;
}

// ── scheduler, notifier ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface TimersDueRequest {
  readonly timers: readonly TimerAsk[];
}
export interface TimersDueAnswer {
  /** Same order. `notYetMs` = asked too early by the stream's clock, and by how much (T2). */
  readonly results: readonly ({ readonly done: true } | { readonly notYetMs: number })[];
}
export interface SettleRequest {
  readonly effectIds: readonly string[];
}
export interface SetTimersRequest {
  readonly timers: readonly TimerRow[];
}
export interface CancelTimersRequest {
  readonly ids: readonly string[];
}
export type Done = Record<string, never>;

// ── work ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A request body in pieces: assembled by the caller, in order, without ever being JSON inside JSON (H4). */
export type BodySegmentReference =
  | { readonly literal: BodyIndex }
  /** The encoded entries `from`..`to` (inclusive), joined by `,`. */
  | { readonly entries: { readonly from: number; readonly to: number } }
  | { readonly base64Of: BodyReference };

export interface DeliverItem extends AttemptKey {
  readonly effectId: string;
  readonly partition: number;
  readonly kind: 'step' | 'callback' | 'failure';
  readonly url: string;
  readonly method: string;
  /** Complete but for signature, user agent, content length and what `takesSteps` announces. */
  readonly headers: HeaderList;
  /**
   * Of a step delivery: its report may hold `ReportedSteps`. The endpoint is told so by the caller that makes the delivery, since
   * one of an older version doesn't know this field, and can't read such an answer.
   */
  readonly takesSteps?: true;
  readonly timeoutMs: number;
  /** Unix ms: when the event that owes this was committed; when old, it is asked first whether it is still wanted (H2). */
  readonly eventAt: number;
  readonly segments: readonly BodySegmentReference[];
  /** The newest entries, own one first in importance, as many as fit in 16 KiB (H5). The rest: `ReadEntries`. */
  readonly tail: readonly EntryHead[];
}

export interface CallOutItem extends AttemptKey {
  readonly effectId: string;
  readonly partition: number;
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly timeoutMs: number;
  readonly eventAt: number;
  readonly body: BodyReference;
}

/** The public fact, as outsiders see it (deploy/docs/reference: AsyncAPI). Times are unix ms. */
export interface RunAnnouncement {
  readonly id: string;
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  readonly workflowRunId: string;
  readonly workflow: string;
  readonly workflowUrl: string;
  readonly createdAt: number;
  readonly completedAt: number;
  readonly labels: readonly string[];
  /** Result text, when it is valid UTF-8 of at most 64 KiB; `resultBytes` says how large it is in any case. */
  readonly result?: string;
  readonly resultBytes?: number;
  readonly failure?: { readonly status: number; readonly message: string; readonly stepName?: string };
}
export interface AnnounceItem {
  readonly effectId: string;
  readonly partition: number;
  readonly announcement: RunAnnouncement;
}

export const asks = {
  Submit: ask<SubmitRequest, SubmitAnswer | Refused>('run-state', 'Submit'),
  FinishRun: ask<FinishRunRequest, Done>('run-state', 'FinishRun'),
  CancelRun: ask<CancelRunRequest, CancelRunAnswer | Refused>('run-state', 'CancelRun'),
  /** Lazy fetch (7.5): refused with UNKNOWN_RUN when the run has ended. */
  ReadMessages: ask<RunRequest, JsonAnswer | Refused>('run-state', 'ReadMessages'),
  /** One run as in section 11. */
  ReadRunLog: ask<ReadRunLogRequest, JsonAnswer | Refused>('run-state', 'ReadRunLog'),
  ListRuns: ask<ListRunsRequest, ListRunsAnswer | Refused>('run-state', 'ListRuns'),
  ExplainRun: ask<RunRequest, ExplainRunAnswer | Refused>('run-state', 'ExplainRun'),
  FindAttempt: ask<FindAttemptRequest, RunningAttempt>('http-caller', 'FindAttempt'),
  FlushRows: ask<Done, FlushRowsAnswer>('run-state', 'FlushRows'),
  OpenMailbox: ask<OpenMailboxRequest, Done | Refused>('run-state', 'OpenMailbox'),
  Notify: ask<NotifyRequest, NotifyAnswer | Refused>('run-state', 'Notify'),
  ReadWaiters: ask<ReadWaitersRequest, ReadWaitersAnswer>('run-state', 'ReadWaiters'),
  /** Refused with UNKNOWN_MESSAGE when it is delivered, dropped or unknown. */
  ReadMessage: ask<MessageRequest, JsonAnswer | Refused>('run-state', 'ReadMessage'),
  /** Cancels the run that the message belongs to: without it the run could never go on. Refused like ReadMessage. */
  CancelMessage: ask<MessageRequest, Done | Refused>('run-state', 'CancelMessage'),
  ReadDeadLetter: ask<Omit<DeadLetterRequest, 'askId'>, JsonAnswer | Refused>('run-state', 'ReadDeadLetter'),
  DeleteDeadLetter: ask<DeadLetterRequest, Done | Refused>('run-state', 'DeleteDeadLetter'),
  TakeOverRun: ask<TakeOverRunRequest, TakeOverRunAnswer | Refused>('run-state', 'TakeOverRun'),
  RequestFailureCallback: ask<DeadLetterRequest, FailureCallbackAnswer | Refused>(
    'run-state',
    'RequestFailureCallback',
  ),
  CancelFailureCallback: ask<DeadLetterRequest, Done | Refused>('run-state', 'CancelFailureCallback'),
  TellMailboxes: ask<TellMailboxesRequest, Done>('run-state', 'TellMailboxes'),
  TellRuns: ask<TellRunsRequest, TellRunsAnswer>('run-state', 'TellRuns'),
  AuditRun: ask<RunRequest, AuditRunAnswer | Refused>('run-state', 'AuditRun'),
  CopyRun: ask<CopyRunRequest, Done | Refused>('run-state', 'CopyRun'),
  ReportDeliveries: ask<ReportDeliveriesRequest, Done>('run-state', 'ReportDeliveries'),
  ReportCall: ask<ReportCallRequest, Done>('run-state', 'ReportCall'),
  StillWanted: ask<AttemptKey, StillWantedAnswer>('run-state', 'StillWanted'),
  ReadEntries: ask<ReadEntriesRequest, ReadEntriesAnswer | Refused>('run-state', 'ReadEntries'),
  ReadBody: ask<ReadBodyRequest, ReadBodyAnswer | Refused>('run-state', 'ReadBody'),
  TimersDue: ask<TimersDueRequest, TimersDueAnswer>('run-state', 'TimersDue'),
  Settle: ask<SettleRequest, Done>('run-state', 'Settle'),
  ReadTime: ask<Done, TimeAnswer>('run-state', 'ReadTime'),
  SetTimers: ask<SetTimersRequest, Done>('scheduler', 'SetTimers'),
  CancelTimers: ask<CancelTimersRequest, Done>('scheduler', 'CancelTimers'),
} as const;

export const works = {
  Deliver: work<DeliverItem>('http-caller', 'Deliver'),
  CallOut: work<CallOutItem>('http-caller', 'CallOut'),
  Announce: work<AnnounceItem>('event-notifier', 'Announce'),
} as const;
