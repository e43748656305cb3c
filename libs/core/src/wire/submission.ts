import type { BodyIndex } from '../messages/definition';

/**
 * What a client may submit to a run, after parsing and validation by the gateway (protocol.md 5.1, 7.3, 8.3, 8.4, 8.7). Header names
 * are lower case without the `upstash-forward-` prefix; hygiene (2.5) is already applied.
 */
export type Submission = StartSubmission | StepSubmission | CallSubmission | WaitSubmission | InvokeSubmission;

/** Name and value, in order; names lower case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Settings a message is delivered with (protocol.md 2.3). Absent = the default. */
export interface DeliverySettings {
  readonly retries?: number;
  /** Expression text, already compiled once without a problem (9.3). */
  readonly retryDelay?: string;
  readonly flowControlKey?: string;
  /** As received: kept and shown, not enforced yet. */
  readonly flowControlValue?: string;
}

export interface FailureCallbackSettings extends DeliverySettings {
  readonly url: string;
  readonly forwards: HeaderList;
}

/** The part of a trigger that the server re-applies to every later message of the run (`WF_TriggerOnConfig`, 5.2). */
export interface TriggerConfig extends DeliverySettings {
  readonly forwards: HeaderList;
  readonly labels: readonly string[];
  readonly redact?: string;
  readonly failureCallback?: FailureCallbackSettings;
}

/** What every message says of its delivery. */
export interface MessageFields {
  readonly destination: string;
  /** `Upstash-Workflow-Url`, else the destination. */
  readonly workflowUrl: string;
  readonly method: string;
  readonly contentType?: string;
  /** This item's own forwards. */
  readonly forwards: HeaderList;
  readonly features: readonly string[];
}

interface SubmissionBase extends MessageFields {
  /** Made by the gateway; once accepted it is the id in the run's log. */
  readonly messageId: string;
  /** Not before: a delay relative to the commit, or unix ms; the latter wins (2.3). */
  readonly delayMs?: number;
  readonly notBeforeMs?: number;
  readonly body: BodyIndex;
}

export interface StartSubmission extends SubmissionBase {
  readonly kind: 'start';
  readonly config: TriggerConfig;
  readonly callerIp: string;
  /** The client library continues a start that it was asked about, `Upstash-Workflow-Trigger-By-Sdk` (5.5). */
  readonly bySdk?: true;
  /**
   * Started over `/v2/trigger`, where nobody knows the endpoint's library (5.5): with `ask` the first delivery asks the library to
   * continue the start itself, with `assume` the library is taken for one of 1.0 or later.
   */
  readonly restTrigger?: 'ask' | 'assume';
}

/** The step fields that the server reads; the body is kept verbatim (7.1). */
export interface StepHead {
  /** 0 for a plan. */
  readonly stepId: number;
  readonly stepName: string;
  readonly stepType: string;
  /** Number of parallel siblings, 1 if sequential. */
  readonly concurrent: number;
  /** Only on a plan: the step it announces. */
  readonly targetStep?: number;
}

export interface StepSubmission extends SubmissionBase {
  readonly kind: 'step';
  readonly step: StepHead;
  /** Given by clients without `WF_TriggerOnConfig`, which repeat everything (5.2). */
  readonly config: TriggerConfig;
}

/**
 * `context.waitForEvent`, `waitForWebhook` (8.4). `body` is the JSON of the step as it came (without a result); destination, forwards,
 * features and config are those of the result's delivery, read from `url` and `timeoutHeaders`.
 */
export interface WaitSubmission extends SubmissionBase {
  readonly kind: 'wait';
  readonly eventId: string;
  readonly step: StepHead;
  readonly timeoutMs: number;
  /** Where to deliver when nothing came, if that is another URL than the destination. */
  readonly timeoutUrl?: string;
  readonly config: TriggerConfig;
}

/**
 * `context.invoke` (8.7), submitted to the parent. `body` is the JSON of the step as it came; destination, workflowUrl, forwards,
 * features and config are those of the result's delivery to the parent, read from the fields of the invoke body.
 */
export interface InvokeSubmission extends SubmissionBase {
  readonly kind: 'invoke';
  readonly step: StepHead;
  readonly config: TriggerConfig;
  readonly child: ChildStart;
}

/** The run that an invoke starts. */
export interface ChildStart extends Omit<SubmissionBase, 'body'> {
  readonly runId: string;
  readonly config: TriggerConfig;
  readonly callerIp: string;
  /** Its initial payload; the child has none when it is empty. */
  readonly body: BodyIndex;
}

/** `context.call`: the server makes the request and delivers the answer to the callback (8.3). */
export interface CallSubmission extends SubmissionBase {
  readonly kind: 'call';
  readonly settings: DeliverySettings;
  readonly timeoutMs?: number;
  readonly callback: {
    readonly url: string;
    readonly forwards: HeaderList;
    readonly stepId: number;
    readonly stepName: string;
    readonly stepType: string;
    readonly concurrent: number;
    readonly settings: DeliverySettings;
  };
}
