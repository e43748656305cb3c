import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { RunFilter, RunStatus } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { IntegerParameter, ListParameter } from './query-values';

/** Unix ms of the year 5138: more is a slip. */
const LATEST_MS = 99_999_999_999_999;
const MAX_TEXT = 8_192;

const STATUS_OF_STATE: Readonly<Record<string, RunStatus>> = {
  RUN_STARTED: 'running',
  RUN_SUCCESS: 'succeeded',
  RUN_FAILED: 'failed',
  RUN_CANCELED: 'cancelled',
};
const FLAGS = ['true', 'false'] as const;

/** The filters of protocol.md 11; different ones are joined by "and". */
export class RunListQuery {
  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  readonly workflowRunId?: string;

  /** `ID@TS,…`: runs by id, with the time they were created at. */
  @ListParameter()
  @IsOptional()
  @IsString({ each: true })
  readonly workflowRuns?: string[];

  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  readonly workflowUrl?: string;

  @IsOptional()
  @IsIn(Object.keys(STATUS_OF_STATE))
  readonly state?: string;

  @ListParameter()
  @IsOptional()
  @IsString({ each: true })
  readonly label?: string[];

  @IntegerParameter(0, LATEST_MS)
  readonly fromDate?: number;

  @IntegerParameter(0, LATEST_MS)
  readonly toDate?: number;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  readonly callerIp?: string;

  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  readonly flowControlKey?: string;

  @IntegerParameter(0, LATEST_MS)
  readonly workflowCreatedAt?: number;

  @IsOptional()
  @IsString()
  @MaxLength(MAX_TEXT)
  readonly cursor?: string;

  @IntegerParameter(1, 1_000_000)
  readonly count?: number;

  @IsOptional()
  @IsIn(FLAGS, { message: 'trimBody must be true or false' })
  readonly trimBody?: (typeof FLAGS)[number];

  @IsOptional()
  @IsIn(['workflowRunId'], { message: 'groupBy can only be workflowRunId' })
  readonly groupBy?: string;

  /** A name the clients know; a run can't be found by it. */
  @IsOptional()
  readonly messageId?: unknown;
}

/** @throws Problem NOT_SUPPORTED */
export function filterOf(query: RunListQuery): RunFilter {
  if (query.messageId !== undefined) throw new Problem('NOT_SUPPORTED', 'runs cannot be found by messageId yet');
  const { workflowRunId, workflowRuns, workflowUrl, state, label, callerIp, flowControlKey } = query;
  const runIds = [
    ...(workflowRunId === undefined || workflowRunId === '' ? [] : [workflowRunId]),
    ...(workflowRuns ?? []).map((text) => text.replace(/@\d+$/, '')),
  ];
  const status = state === undefined ? undefined : STATUS_OF_STATE[state];
  return {
    ...(runIds.length === 0 ? {} : { runIds }),
    ...(workflowUrl === undefined ? {} : { workflowUrl }),
    ...(status === undefined ? {} : { status }),
    ...(label === undefined || label.length === 0 ? {} : { labels: label }),
    ...(callerIp === undefined ? {} : { callerIp }),
    ...(flowControlKey === undefined ? {} : { flowControlKey }),
    ...(query.workflowCreatedAt === undefined ? {} : { createdAt: query.workflowCreatedAt }),
    ...(query.fromDate === undefined ? {} : { fromMs: query.fromDate }),
    ...(query.toDate === undefined ? {} : { toMs: query.toDate }),
  };
}
