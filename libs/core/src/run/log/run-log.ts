import type { BodyPlace } from '../run.state';
import type { HeaderList } from '../../wire/submission';

/** One run in `/v2/workflows/logs` (protocol.md 11). Times are unix ms. */
export interface RunLog {
  readonly workflowRunId: string;
  readonly workflowUrl: string;
  readonly workflowState: 'RUN_STARTED' | 'RUN_SUCCESS' | 'RUN_FAILED' | 'RUN_CANCELED';
  readonly workflowRunCreatedAt: number;
  readonly workflowRunCompletedAt?: number;
  readonly workflowRunResponse?: string;
  /** The run that invoked this one (protocol.md 8.7). */
  readonly invoker?: {
    readonly workflowRunId: string;
    readonly workflowUrl: string;
    readonly workflowRunCreatedAt: number;
  };
  readonly dlqId?: string;
  readonly label?: string;
  readonly labels?: readonly string[];
  readonly flowControlKey?: string;
  readonly workflowRunCallerIp?: string;
  readonly steps: readonly StepGroup[];
}

/** Steps that belong together: one after the other (one each), side by side, or what is being executed now. */
export interface StepGroup {
  readonly type: 'sequential' | 'parallel' | 'next';
  readonly steps: readonly LoggedStep[];
}

export type StepState = 'STEP_PROGRESS' | 'STEP_SUCCESS' | 'STEP_RETRY' | 'STEP_FAILED' | 'STEP_CANCELED';

/** A step, or the execution under way; the fields depend on its kind (protocol.md 11). */
export interface LoggedStep {
  readonly messageId: string;
  readonly state: StepState;
  readonly [field: string]: unknown;
}

/** The bodies of one run as its log shows them: read, trimmed and redacted by whoever has the store. */
export interface LogBodies {
  /** Raw bytes, for looking inside; undefined when it lies nowhere any more. */
  bytes(place: BodyPlace): Uint8Array | undefined;
  /** `{[name]: text as shown}`, or nothing where bodies are trimmed or there is none. */
  field(name: string, place: BodyPlace | undefined): object;
  /** `{[name]: value as shown}`, or nothing where bodies are trimmed or it is undefined. */
  value(name: string, value: unknown): object;
  /** As shown, by canonical names. */
  headers(headers: HeaderList): Record<string, string[]>;
  /** Fields of a step kind (`steps/`). */
  shown(stepType: string, json: Readonly<Record<string, unknown>>): object;
}
