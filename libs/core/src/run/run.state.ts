import type { RunStatus, TimerRow } from '../ports/read-models.port';
import type { StepHead } from '../wire/submission';
import type { AttemptResult, RunEventData, StoredBody } from './run.events';

/*
 * A run, folded. Holds no bodies, only where they lie (L8).
 *
 * 1. `entries` is the message log of protocol.md 7.1 in its one total order: the initial payload, plans and results.
 * 2. `deliveries` holds every message that still needs an HTTP attempt, and nothing else: it is empty once nothing more will
 *    be called for this run.
 * 3. `owed` holds exactly what must still happen outside of this stream, keyed by effect id. Who recovers sends all of it (E2).
 */
export interface RunState {
  readonly runId: string;
  status: RunStatus;
  version: number;
  createdAt: number;
  completedAt?: number;
  /** The version with which it ended: what comes later is logged, and goes nowhere. */
  endedBy?: number;
  start: RunEventData['RunStarted'];
  /** The library has continued a two-phase start (protocol.md 5.5). */
  isContinued?: true;
  readonly entries: Entry[];
  /** Entry index by de-duplication key (7.6); calls have keys of their own in `calls`. */
  readonly entryByKey: Map<string, number>;
  readonly entryByMessage: Map<string, number>;
  readonly steps: Map<number, StepProgress>;
  /** Parallel groups by their first step. */
  readonly groups: Map<number, ParallelGroup>;
  /** How many steps from 1 on have a result without a gap. */
  frontier: number;
  /** By message id of the request. */
  readonly calls: Map<string, CallProgress>;
  /** Waits and invokes, by their message id; they stay when they are over. */
  readonly waits: Map<string, WaitProgress>;
  readonly invokes: Map<string, InvokeProgress>;
  /** Event ids of mailboxes that know of this run. */
  readonly mailboxes: Set<string>;
  /** While a resumed run's log is being copied: nothing is owed yet, and nobody but the copier may change anything. */
  isCopying?: true;
  readonly deliveries: Map<string, Delivery>;
  readonly owed: Map<string, Obligation>;
  /** Failed attempts of every message that had any, for logs. */
  readonly failures: Map<string, FailedAttempt[]>;
  result?: BodyPlace;
  failure?: {
    readonly at: number;
    readonly version: number;
    readonly event: number;
    readonly data: RunEventData['RunFailed'];
  };
  /** Why the dead letter is gone, once it is. */
  deadLetterGone?:
    { readonly deleted: RunEventData['DeadLetterDeleted'] } | { readonly takenOver: RunEventData['RunTakenOver'] };
  failureCallback?: {
    messageId: string;
    state: 'in-progress' | 'succeeded' | 'failed' | 'not-defined' | 'cancelled';
    result?: PlacedResult;
    /** Of the request that had it run again, if one had. */
    askId?: string;
  };
  /** Outstanding `TellStream`s by {@link tellKey}: what an answer has to wait for (architecture.md section 4). */
  readonly tells: Map<string, string>;
}

/** Where in the stream a body lies. */
export interface BodyPlace {
  readonly version: number;
  readonly event: number;
  readonly body: StoredBody;
}

/** How an attempt ended, and where its answer's body lies. */
export interface PlacedResult {
  readonly result: AttemptResult;
  readonly body?: BodyPlace;
}

/** One entry of the run's message log (protocol.md 7.1). */
export interface Entry {
  readonly index: number;
  readonly messageId: string;
  readonly at: number;
  readonly place: BodyPlace;
  /** Of the encoded entries up to and including this one, without what is between them (7.1). */
  readonly listBytes: number;
  readonly data: RunEventData['RunStarted'] | RunEventData['StepRecorded'];
  /** Absent for the initial payload. */
  readonly step?: StepHead;
}

/** What is known of one step, from its plan or call on. */
export interface StepProgress {
  readonly stepId: number;
  /** The group it was planned in, one object for all its members; absent for a sequential step. */
  group?: ParallelGroup;
  planEntry?: number;
  resultEntry?: number;
  /** The call's request and callback messages (8.3). */
  callMessageId?: string;
  callbackMessageId?: string;
  /** The wait or invoke that is to give the result (8.4, 8.7). */
  waitMessageId?: string;
  invokeMessageId?: string;
}

/** A wait, by its message id (8.4); over when its step has a result. */
export interface WaitProgress {
  readonly at: number;
  readonly data: RunEventData['WaitRequested'];
}

/** An invoke, by its message id (8.7); over when its step has a result. */
export interface InvokeProgress {
  /** When it was first asked for, by a run of before as the case may be: the child's creation time. */
  readonly at: number;
  readonly data: RunEventData['InvokeRequested'];
  /** Of the child's payload. */
  readonly childPlace: BodyPlace;
}

/** Steps that were planned together and run side by side (protocol.md 7.7). */
export interface ParallelGroup {
  readonly first: number;
  readonly size: number;
  /** Steps planned so far, and how many of those have a result. */
  planned: number;
  done: number;
  /** Index of the entry with which all that were planned were done: its delivery continues the run. */
  closing?: number;
}

/** A third-party call, by the message id of its request (protocol.md 8.3). */
export interface CallProgress {
  readonly at: number;
  readonly data: RunEventData['CallRequested'];
  readonly place: BodyPlace;
  answer?: PlacedResult & { readonly at: number; readonly data: RunEventData['CallAnswered'] };
}

/** `step`: a slice of the log, to the workflow; `callback`: a call's answer; `failure`: the failure callback; `call`: to a third party. */
export type DeliveryKind = 'step' | 'callback' | 'failure' | 'call';

/** A message that still needs an HTTP attempt. */
export interface Delivery {
  readonly messageId: string;
  readonly kind: DeliveryKind;
  url: string;
  readonly method: string;
  /** Last entry of its slice (7.2); for a call or callback the request's message id is in `callMessageId`. */
  readonly entry?: number;
  readonly callMessageId?: string;
  /** A 2xx without a follow-up is a failed attempt, `NOTHING_FOLLOWED` (L7). */
  readonly owesFollowUp: boolean;
  /** Number of the attempt, from 0; never used twice. */
  attempt: number;
  /** Failed attempts that count against the user's retries; sent as `Upstash-Retried`. */
  retried: number;
  /** Unix ms: since when our own outage makes it fail without a break (B4: uncounted for an hour at most). */
  outageSince?: number;
  /** Waits for a timer (unix ms), is with a caller, or succeeded without that being written yet (L7). */
  phase: { readonly waitingUntil: number } | 'sent' | 'succeeded';
  /** Unix ms of the event that made it due. */
  readonly openedAt: number;
  /** Unix ms of the event that owes the running attempt. */
  since: number;
  /** Effect id of what is owed for it now. */
  effectId: string;
}

/** An attempt that failed; `nextAttemptAt` (unix ms) is absent when it was the last. */
export interface FailedAttempt extends PlacedResult {
  readonly at: number;
  readonly attempt: number;
  readonly counted: boolean;
  readonly nextAttemptAt?: number;
}

/** What must still happen, addressed to another service (architecture.md section 4). */
export type Obligation =
  | { readonly type: 'Deliver'; readonly messageId: string; readonly attempt: number }
  | { readonly type: 'CallOut'; readonly messageId: string; readonly attempt: number }
  | { readonly type: 'SetTimer'; readonly messageId: string; readonly attempt: number; readonly dueAt: number }
  | { readonly type: 'CancelTimer'; readonly timerId: string }
  | { readonly type: 'WriteRow' }
  | { readonly type: 'Announce' }
  | { readonly type: 'TellStream'; readonly tell: RunTold };

/** What a run has to tell another stream (architecture.md section 4). Settled by that stream's answer. */
export type RunTold =
  /** The mailbox: this wait is registered there. */
  | { readonly kind: 'register-waiter'; readonly messageId: string }
  /** The mailbox: this run has ended. */
  | { readonly kind: 'drop-run'; readonly eventId: string }
  /** The child that an invoke starts. */
  | { readonly kind: 'start-child'; readonly messageId: string }
  /** Whoever invoked this run: it has ended. */
  | { readonly kind: 'child-ended' }
  /** The run that takes over: it begins. */
  | { readonly kind: 'start-successor' };

/** Names one tell of a run, for whoever waits for it. */
export function tellKey(tell: RunTold): string {
  switch (tell.kind) {
    case 'register-waiter':
    case 'start-child':
      return `${tell.kind}:${tell.messageId}`;
    case 'drop-run':
      return `drop-run:${tell.eventId}`;
    case 'child-ended':
    case 'start-successor':
      return tell.kind;
  }
}

/** A timer's id: one per attempt that has to wait, so that setting it twice is setting it once. */
export const timerId = (runId: string, messageId: string, attempt: number): string =>
  `${runId}/${messageId}/${attempt}`;

/** The timer that an obligation of a run asks for. */
export const timerOf = (
  runId: string,
  { messageId, attempt, dueAt }: Extract<Obligation, { readonly type: 'SetTimer' }>,
  partition: number,
): TimerRow => ({ id: timerId(runId, messageId, attempt), partition, dueAt, ask: { runId, messageId, attempt } });

/** A run that takes over, and a child, were promised before they began. */
export const createdAtOf = (
  { successorOf, invoker }: Pick<RunEventData['RunStarted'], 'successorOf' | 'invoker'>,
  at: number,
): number => successorOf?.startedAt ?? invoker?.startedAt ?? at;

/** Whatever its end: nothing more is accepted for it. */
export const hasEnded = (state: RunState): boolean => state.status !== 'running';

/** Whether something is still to come of this message: an HTTP attempt, or the result of a wait or an invoke. */
export function isPending(state: RunState, messageId: string): boolean {
  if (state.isCopying) return false;
  const delivery = state.deliveries.get(messageId);
  if (delivery) return delivery.phase !== 'succeeded';
  const request = state.waits.get(messageId) ?? state.invokes.get(messageId);
  return request !== undefined && !hasEnded(state) && !hasResult(state, request.data.step.stepId);
}

/** Whoever still works on the step, or was asked to, does so in vain. */
export const hasResult = (state: RunState, stepId: number): boolean =>
  state.steps.get(stepId)?.resultEntry !== undefined;
