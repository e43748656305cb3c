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

/** The end of one HTTP attempt, as kept for logs and callbacks. */
export interface AttemptResult {
  readonly status?: number;
  readonly headers: HeaderList;
  readonly body?: StoredBody;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** Each event's data, by its type. Moments are unix ms. */
export interface RunEventData {
  /** A client started the run; the body is its initial payload, entry 0 of the log (protocol.md 5.2). */
  RunStarted: MessageData & {
    readonly runId: string;
    readonly askId: string;
    readonly config: TriggerConfig;
    readonly callerIp: string;
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
  /** The failure callback was answered or given up; `not-defined` = the client has no failure function (protocol.md 9.4). */
  FailureCallbackEnded: {
    readonly messageId: string;
    readonly state: 'succeeded' | 'failed' | 'not-defined';
    readonly result: AttemptResult;
  };
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
} as const satisfies Record<RunEventType, true>;

/** Whether this version knows the event. */
export function isRunEventType(type: string): type is RunEventType {
  return Object.hasOwn(RUN_EVENT_TYPES, type);
}
