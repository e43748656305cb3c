import { IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsString } from 'class-validator';
import { IsCount, IsHeaderLists, IsListOf, IsOf } from '../description/values';

/*
 * A run in the log (protocol.md 11). The owner of the run writes it as JSON, from core's `RunLog`; it is only passed on here. Bodies are
 * left out with `trimBody`, and shown as hashes where the run asked for it.
 */

export const RUN_STATES = ['RUN_STARTED', 'RUN_SUCCESS', 'RUN_FAILED', 'RUN_CANCELED'] as const;
const STEP_STATES = ['STEP_PROGRESS', 'STEP_SUCCESS', 'STEP_RETRY', 'STEP_FAILED', 'STEP_CANCELED'] as const;
export const CALLBACK_STATES = [
  'CALLBACK_INPROGRESS',
  'CALLBACK_SUCCESS',
  'CALLBACK_FAIL',
  'CALLBACK_CANCELED',
] as const;

/** An attempt that failed. */
class FailedAttempt {
  /** What happened. */
  @IsString()
  readonly error!: string;

  /** See the page of errors; absent when the answer was an ordinary failure. */
  @IsOptional()
  @IsString()
  readonly code?: string;

  /** The answer’s body. */
  @IsOptional()
  @IsString()
  readonly body?: string;

  @IsHeaderLists()
  readonly headers!: object;

  /** The answer’s; 0 if none came. */
  @IsCount()
  readonly status!: number;

  /** Unix milliseconds. */
  @IsCount()
  readonly time!: number;
}

/** A step, or, in the group `next`, the execution under way. What is there depends on its kind. */
class LoggedStep {
  @IsString()
  readonly messageId!: string;

  @IsIn(STEP_STATES)
  readonly state!: (typeof STEP_STATES)[number];

  /** Absent for the initial payload and in `next`. */
  @IsOptional()
  @IsInt()
  readonly stepId?: number;

  @IsOptional()
  @IsString()
  readonly stepName?: string;

  /** `Initial`, `Run`, `SleepFor`, `SleepUntil`, `Call`, `Wait`, `Notify`, `Invoke`, `CreateWebhook`, `WaitForWebhook`, or a newer one. */
  @IsOptional()
  @IsString()
  readonly stepType?: string;

  @IsOptional()
  @IsIn(['step', 'toCallback', 'fromCallback'])
  readonly callType?: string;

  /** The result as the client submitted it, by custom JSON text; of the initial step the payload. */
  @IsOptional()
  readonly out?: unknown;

  /** Number of steps side by side; 1 for one alone. */
  @IsOptional()
  @IsCount()
  readonly concurrent?: number;

  /** Unix milliseconds. */
  @IsOptional()
  @IsCount()
  readonly createdAt?: number;

  @IsOptional()
  @IsHeaderLists()
  readonly headers?: object;

  /** Of a step that was planned beside others: its number. */
  @IsOptional()
  @IsInt()
  readonly targetStep?: number;

  /** How often it may be tried again. */
  @IsOptional()
  @IsCount()
  readonly retries?: number;

  /** The expression for the delay of retries. */
  @IsOptional()
  @IsString()
  readonly retryDelay?: string;

  /** When it is tried next, in unix milliseconds. */
  @IsOptional()
  @IsCount()
  readonly nextDeliveryTime?: number;

  /** Attempts that failed. */
  @IsOptional()
  @IsListOf(() => FailedAttempt)
  readonly errors?: readonly FailedAttempt[];

  /** Seconds. */
  @IsInt()
  @IsOptional()
  readonly sleepFor?: number;

  /** Unix seconds. */
  @IsInt()
  @IsOptional()
  readonly sleepUntil?: number;

  @IsOptional()
  readonly waitEventId?: unknown;

  @IsOptional()
  @IsString()
  readonly waitTimeoutDuration?: string;

  /** Unix seconds. */
  @IsOptional()
  @IsCount()
  readonly waitTimeoutDeadline?: number;

  /** It waited in vain. */
  @IsOptional()
  @IsBoolean()
  readonly waitTimeout?: boolean;

  @IsOptional()
  readonly callUrl?: unknown;

  @IsOptional()
  readonly callMethod?: unknown;

  @IsOptional()
  @IsHeaderLists()
  readonly callHeaders?: object;

  @IsOptional()
  @IsString()
  readonly callBody?: string;

  /** The third party’s; 0 if none came. */
  @IsOptional()
  @IsCount()
  readonly callResponseStatus?: number;

  @IsOptional()
  @IsHeaderLists()
  readonly callResponseHeaders?: object;

  @IsOptional()
  @IsString()
  readonly callResponseBody?: string;

  @IsOptional()
  @IsString()
  readonly invokedWorkflowRunId?: string;

  @IsOptional()
  @IsString()
  readonly invokedWorkflowUrl?: string;

  /** Unix milliseconds. */
  @IsOptional()
  @IsCount()
  readonly invokedWorkflowCreatedAt?: number;

  @IsOptional()
  @IsString()
  readonly invokedWorkflowRunBody?: string;

  @IsOptional()
  @IsHeaderLists()
  readonly invokedWorkflowRunHeaders?: object;
}

/** Steps that belong together: one alone, several side by side, or what is being executed now. */
class StepGroup {
  @IsIn(['sequential', 'parallel', 'next'])
  readonly type!: string;

  @IsListOf(() => LoggedStep)
  readonly steps!: readonly LoggedStep[];
}

/** The run that invoked this one. */
class InvokingRun {
  @IsString()
  readonly workflowRunId!: string;

  @IsString()
  readonly workflowUrl!: string;

  /** Unix milliseconds. */
  @IsCount()
  readonly workflowRunCreatedAt!: number;
}

/** How the failure function of a failed run fared. */
class FailureFunction {
  @IsString()
  readonly messageId!: string;

  @IsString()
  readonly url!: string;

  @IsIn(CALLBACK_STATES)
  readonly state!: (typeof CALLBACK_STATES)[number];

  /** Of the answer that failed the run. */
  @IsHeaderLists()
  readonly failHeaders!: object;

  /** Of the answer that failed the run; 0 if none came. */
  @IsCount()
  readonly failStatus!: number;

  /** Of the answer that failed the run. */
  @IsOptional()
  @IsString()
  readonly failResponse?: string;

  @IsString()
  readonly dlqId!: string;

  @IsCount()
  readonly maxRetries!: number;

  /** Attempts that failed. */
  @IsOptional()
  @IsListOf(() => FailedAttempt)
  readonly errors?: readonly FailedAttempt[];

  /** Of its own last answer; 0 if none came. */
  @IsOptional()
  @IsCount()
  readonly responseStatus?: number;

  @IsOptional()
  @IsHeaderLists()
  readonly responseHeaders?: object;

  @IsOptional()
  @IsString()
  readonly responseBody?: string;
}

/** A run with its grouped steps. */
export class LoggedRun {
  @IsString()
  readonly workflowRunId!: string;

  @IsString()
  readonly workflowUrl!: string;

  @IsIn(RUN_STATES)
  readonly workflowState!: (typeof RUN_STATES)[number];

  /** Unix milliseconds. */
  @IsCount()
  readonly workflowRunCreatedAt!: number;

  /** Unix milliseconds. */
  @IsOptional()
  @IsCount()
  readonly workflowRunCompletedAt?: number;

  /** The result, as the client sent it: JSON text by custom. */
  @IsOptional()
  @IsString()
  readonly workflowRunResponse?: string;

  @IsOptional()
  @IsOf(() => InvokingRun)
  readonly invoker?: InvokingRun;

  @IsOptional()
  @IsOf(() => FailureFunction)
  readonly failureFunction?: FailureFunction;

  /** Of a failed run. */
  @IsOptional()
  @IsString()
  readonly dlqId?: string;

  /** All labels, separated by commas. */
  @IsOptional()
  @IsString()
  readonly label?: string;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  readonly labels?: readonly string[];

  @IsOptional()
  @IsString()
  readonly flowControlKey?: string;

  @IsOptional()
  @IsString()
  readonly workflowRunCallerIp?: string;

  /** In order, and last what is being executed. */
  @IsListOf(() => StepGroup)
  readonly steps!: readonly StepGroup[];
}
