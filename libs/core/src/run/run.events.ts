import type { ErrorCode } from '../rest/error-codes';
import type { DeliverySettings, HeaderList, StepHead, TriggerConfig } from '../wire/submission';

/*
 * What can have happened to a run. Facts in the past tense; never changed once released (L6): a new shape is a new event or an
 * optional field, and a golden history guards the old one.
 */

/** Where an event's body is: among the event's own bodies, or a blob of the run (L5). */
export type StoredBody =
  { readonly inline: number; readonly sizeBytes: number } | { readonly blob: string; readonly sizeBytes: number };

/** What every logged message has in common. */
export interface MessageData {
  readonly messageId: string;
  readonly destination: string;
  readonly workflowUrl: string;
  readonly method: string;
  readonly contentType?: string;
  readonly forwards: HeaderList;
  readonly features: readonly string[];
  /** Unix ms, absent = at once. */
  readonly notBeforeMs?: number;
  readonly body: StoredBody;
}

/** A plan or a result: what a step submission says (protocol.md 7.3). */
export interface StepData extends MessageData {
  readonly step: StepHead;
  /** Only from clients that repeat their configuration with every step (protocol.md 5.2). */
  readonly config?: TriggerConfig;
}

/** A step whose result the server writes: it is the step's JSON as it came, and the result added to it (protocol.md 8.4, 8.7). */
export interface ServerStepData extends Omit<StepData, 'body'> {
  readonly stepText: string;
}

/** The end of one HTTP attempt, as kept for logs and callbacks. */
export interface AttemptResult {
  readonly status?: number;
  readonly headers: HeaderList;
  readonly body?: StoredBody;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** Who invoked a run, and where its end is told (protocol.md 8.7). */
export interface Invoker {
  readonly runId: string;
  readonly workflowUrl: string;
  /** Unix ms. */
  readonly runCreatedAt: number;
  /** The invoke's message in the parent. */
  readonly messageId: string;
  /** Unix ms: when the parent invoked it; taken for the run's creation time. */
  readonly startedAt: number;
}

/** What a failed run was replaced by (protocol.md 12): its log copied up to the failure, or its payload alone. */
export type TakeOver = 'resume' | 'restart';

/** Settings that replace those of the failed run (protocol.md 12); absent = as they were. */
export interface TakeOverOverrides extends DeliverySettings {
  readonly labels?: readonly string[];
  readonly failureCallbackUrl?: string;
  /** Unix ms: not before this. */
  readonly notBeforeMs?: number;
}

/** Each event's data, by its type. Moments are unix ms. */
export interface RunEventData {
  /** A client started the run; the body is its initial payload, entry 0 of the log (protocol.md 5.2). */
  RunStarted: MessageData & {
    readonly runId: string;
    readonly askId: string;
    readonly config: TriggerConfig;
    readonly callerIp: string;
    /** Started over `/v2/trigger` (protocol.md 5.5): `ask` = the first delivery asks the library to continue the start. */
    readonly restTrigger?: 'ask' | 'assume';
    readonly invoker?: Invoker;
    /**
     * The run takes over from a failed one. `resume`: what follows are copies of the other's events, and nothing is owed before
     * `CopyCompleted`. `startedAt` is the creation time the user was told.
     */
    readonly successorOf?: { readonly runId: string; readonly how: TakeOver; readonly startedAt: number };
  };
  /** The library continued a two-phase start, with its own features and headers: the payload is delivered again (protocol.md 5.5). */
  StartContinued: {
    readonly destination: string;
    readonly contentType?: string;
    readonly forwards: HeaderList;
    readonly features: readonly string[];
  };
  /** A parallel plan announced a step (protocol.md 7.7). */
  StepPlanned: StepData;
  /** A step's result: sequential or of a planned branch. A sleep is one too, with the time before which it isn't delivered (8.2). */
  StepRecorded: StepData;
  /** `context.call`: a request to a third party, the body is the request's; what follows is its `callback` (protocol.md 8.3). */
  CallRequested: MessageData & {
    readonly settings: DeliverySettings;
    readonly timeoutMs?: number;
    readonly callback: {
      readonly url: string;
      readonly forwards: HeaderList;
      readonly step: StepHead;
      readonly settings: DeliverySettings;
    };
  };
  /** `context.waitForEvent` or `waitForWebhook`: the message fields, body aside, are those of the result's delivery (protocol.md 8.4). */
  WaitRequested: ServerStepData & {
    readonly eventId: string;
    readonly timeoutMs: number;
    readonly deadlineAt: number;
    readonly timeoutUrl?: string;
  };
  /** `context.invoke`: the message fields are those of the result's delivery; `child` is started by effect (protocol.md 8.7). */
  InvokeRequested: ServerStepData & {
    readonly child: MessageData & {
      readonly runId: string;
      readonly config: TriggerConfig;
      readonly callerIp: string;
    };
    /** Only of a copy (protocol.md 12), unix ms: when the child was first asked for. */
    readonly invokedAt?: number;
  };
  /** Something may be kept for this run in that mailbox: at its end it is dropped there (protocol.md 8.5). */
  MailboxOpened: { readonly eventId: string };
  /** The third party's final answer, or that none will come (protocol.md 8.3). `messageId` is the callback's. */
  CallAnswered: {
    readonly messageId: string;
    readonly callMessageId: string;
    readonly result: AttemptResult;
    readonly retried: number;
    readonly maxRetries: number;
  };
  /** An attempt of a delivery, callback, call or failure callback failed and another follows. */
  AttemptFailed: {
    readonly messageId: string;
    readonly attempt: number;
    /** False = our own outage: costs the user no retry (B4). */
    readonly counted: boolean;
    readonly result: AttemptResult;
    readonly nextAttemptAt: number;
  };
  /** A timer set an attempt in motion (architecture.md section 4: nothing leaves that no log knows). */
  AttemptDue: { readonly messageId: string; readonly attempt: number };
  /** Answered 2xx and owing no follow-up; written lazily (L7). */
  DeliveriesSucceeded: { readonly messageIds: readonly string[] };
  /** The workflow came to its end (protocol.md 7.8); no result = it returned undefined. */
  RunFinished: { readonly result?: StoredBody };
  /** A delivery or callback failed for good: its retries are used up, or it isn't to be retried (protocol.md 9.4). */
  RunFailed: {
    readonly messageId: string;
    readonly result: AttemptResult;
    readonly retried: number;
    readonly maxRetries: number;
    readonly dlqId: string;
    /** Present when a failure callback follows. */
    readonly failureMessageId?: string;
  };
  /** Somebody cancelled the run; nobody is called back (protocol.md 8.8). */
  RunCancelled: Readonly<Record<string, never>>;
  /**
   * The failure callback was answered, given up or called off; `not-defined` = the client has no failure function (protocol.md 9.4).
   * Cancelled there is no answer: `result` is empty.
   */
  FailureCallbackEnded: {
    readonly messageId: string;
    readonly state: 'succeeded' | 'failed' | 'not-defined' | 'cancelled';
    readonly result: AttemptResult;
    /** Since dead letters are listed by the state of their callback: the row is to be written again. */
    readonly isListed?: true;
  };
  /** Somebody wants the failure callback again (protocol.md 12): a new message, with retries of its own. */
  FailureCallbackRequested: { readonly messageId: string; readonly askId: string };
  /** The dead letter was deleted; the run stays failed. */
  DeadLetterDeleted: { readonly askId: string };
  /** Another run goes on from here, and the dead letter is gone with it (protocol.md 12). */
  RunTakenOver: {
    readonly successor: string;
    readonly how: TakeOver;
    /** Unix ms: the successor's creation time. */
    readonly startedAt: number;
    readonly overrides: TakeOverOverrides;
    /** Of the request that asked for it: asked again it is answered as then (B3). */
    readonly askId: string;
  };
  /** The copied part of a resumed run is whole: from here on it goes on by itself (protocol.md 12). */
  CopyCompleted: { readonly notBeforeMs?: number };
}

/** The name of an event, as stored. */
export type RunEventType = keyof RunEventData;

/** One event: JSON data, and beside it the bodies that the data names by index. */
export type RunEvent = {
  [Type in RunEventType]: {
    readonly type: Type;
    readonly data: RunEventData[Type];
    readonly bodies: readonly Uint8Array[];
  };
}[RunEventType];

/** All event types; the compiler holds it against the union. */
export const RUN_EVENT_TYPES = {
  RunStarted: true,
  StepPlanned: true,
  StepRecorded: true,
  CallRequested: true,
  CallAnswered: true,
  AttemptFailed: true,
  AttemptDue: true,
  DeliveriesSucceeded: true,
  RunFinished: true,
  RunFailed: true,
  RunCancelled: true,
  FailureCallbackEnded: true,
  StartContinued: true,
  WaitRequested: true,
  InvokeRequested: true,
  MailboxOpened: true,
  FailureCallbackRequested: true,
  DeadLetterDeleted: true,
  RunTakenOver: true,
  CopyCompleted: true,
} as const satisfies Record<RunEventType, true>;

/** Whether this version knows the event. */
export function isRunEventType(type: string): type is RunEventType {
  return Object.hasOwn(RUN_EVENT_TYPES, type);
}
