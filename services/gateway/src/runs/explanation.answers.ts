import { WAITING_FOR } from '@stepwell/core';
import type { WaitingFor } from '@stepwell/core';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString } from 'class-validator';
import { IsCount, IsListOf, IsOf } from '../description/values';
import { RUN_STATES } from './run-log.answers';

/** A step of the run. */
class ReasonStep {
  @IsInt()
  readonly id!: number;

  @IsString()
  readonly name!: string;

  /** It was planned beside others, and is about to be run. */
  @IsBoolean()
  readonly isPlanned!: boolean;
}

/** A parallel group of steps, of which not all are done. */
class ReasonGroup {
  @IsCount()
  readonly size!: number;

  @IsCount()
  readonly done!: number;
}

class ReasonRetry {
  /** Failed attempts so far. Those that failed by an outage of the server count for nothing. */
  @IsCount()
  readonly number!: number;

  /** How many there may be. */
  @IsCount()
  readonly of!: number;
}

/** A request that is being made. */
class ReasonRequest {
  /** Of the http-caller that makes it. */
  @IsString()
  readonly host!: string;

  /** Unix milliseconds. */
  @IsCount()
  readonly since!: number;

  /** By when it is given up, in unix milliseconds. */
  @IsCount()
  readonly until!: number;
}

/** One thing that a run waits for. */
export class Reason {
  /**
   * `delay`: the time it is to start at. `sleep`: the end of a sleep. `retry`: the next attempt after one that failed. `delivery`: its
   * endpoint, called or about to be. `call`: a third party, called or about to be. `event`: a notify. `webhook`: a call of its webhook.
   * `child`: the end of a run it invoked. `copy`: its log, while that is copied from the run it resumes. `failure-callback`: its failure
   * callback; the run itself has failed.
   */
  @IsIn(WAITING_FOR)
  readonly waitingFor!: WaitingFor;

  /** The same in words, for people. */
  @IsString()
  readonly text!: string;

  /** Unix milliseconds. */
  @IsCount()
  readonly since!: number;

  /** By when it is over whatever happens, in unix milliseconds; absent where that is for others to say. */
  @IsOptional()
  @IsCount()
  readonly until?: number;

  /** The message in question. */
  @IsOptional()
  @IsString()
  readonly messageId?: string;

  /** Planned, slept, called or waited for; of a delivery the one whose result it brings. */
  @IsOptional()
  @IsOf(() => ReasonStep)
  readonly step?: ReasonStep;

  /** That the step is one of. */
  @IsOptional()
  @IsOf(() => ReasonGroup)
  readonly group?: ReasonGroup;

  /** Absent before the first failure. */
  @IsOptional()
  @IsOf(() => ReasonRetry)
  readonly retry?: ReasonRetry;

  /** The last attempt failed by an outage of the server, and costs no retry. */
  @IsOptional()
  @IsBoolean()
  readonly isOutage?: boolean;

  /** Of a delivery or a call that is being made; absent while that is queued. */
  @IsOptional()
  @IsOf(() => ReasonRequest)
  readonly running?: ReasonRequest;

  /** That is called. */
  @IsOptional()
  @IsString()
  readonly url?: string;

  /** Of an event or a webhook. */
  @IsOptional()
  @IsString()
  readonly eventId?: string;

  /** The child, or the run whose log is copied. */
  @IsOptional()
  @IsString()
  readonly workflowRunId?: string;

  /** Nothing more follows from it: the run goes on by others, but could fail by it. */
  @IsOptional()
  @IsBoolean()
  readonly isAside?: boolean;
}

export class ExplainedRun {
  @IsString()
  readonly workflowRunId!: string;

  @IsIn(RUN_STATES)
  readonly workflowState!: (typeof RUN_STATES)[number];

  /** What it waits for; absent once it has ended and its failure callback, if it has one, is made. */
  @IsOptional()
  @IsOf(() => Reason)
  readonly reason?: Reason;

  /** What it waits for besides: the other branches of a parallel group, the first 100. */
  @IsListOf(() => Reason)
  readonly others!: readonly Reason[];

  /** How many there are of those. */
  @IsCount()
  readonly othersTotal!: number;
}
