import type { RunFilter, RunStatus, WaitingFor } from '@stepwell/core';
import { runIdIn, STATE_OF_STATUS, WAITING_FOR } from '@stepwell/core';
import type { Flag } from '../http/query-values';
import {
  ChoiceParameter,
  FlagParameter,
  IntegerParameter,
  ListParameter,
  RepeatedParameter,
  TextParameter,
  TimeParameter,
} from '../http/query-values';
import { filterOf, placeOf, present, RunFilterQuery } from './run-filter.query';

const STATUS_OF_STATE = Object.fromEntries(
  Object.entries(STATE_OF_STATUS).map(([status, state]) => [state, status as RunStatus]),
);

/** The filters of protocol.md 11, and what a run waits for, which is our own. */
export class RunListQuery extends RunFilterQuery {
  /** Id of the run. */
  @TextParameter()
  readonly workflowRunId?: string;

  /** `ID@TS,…`: runs by id, with the time they were created at. */
  @ListParameter()
  readonly workflowRuns?: string[];

  /** How the run is. */
  @ChoiceParameter(Object.keys(STATUS_OF_STATE))
  readonly state?: string;

  /** What the run waits for, as `explain` tells it, known a second or two after it changed. */
  @ChoiceParameter(WAITING_FOR)
  readonly waitingFor?: WaitingFor;

  /** When the run was created, in unix milliseconds. */
  @TimeParameter()
  readonly workflowCreatedAt?: number;

  /** A message of the run; its id names it. */
  @TextParameter()
  readonly messageId?: string;

  /** Of the workflow's URL, with its port. */
  @RepeatedParameter()
  readonly host?: string[];

  /** Of the workflow's URL, whole and without a query. */
  @RepeatedParameter()
  readonly path?: string[];

  /** What an earlier page ended with; an empty one begins. */
  @TextParameter({ empty: true })
  readonly cursor?: string;

  /** Most runs of a page; 10 by default. */
  @IntegerParameter(1, 1_000_000)
  readonly count?: number;

  /** `true` leaves payloads, results and other bodies out. */
  @FlagParameter()
  readonly trimBody?: Flag;

  /** What it always is; the clients say so. */
  @ChoiceParameter(['workflowRunId'])
  readonly groupBy?: string;
}

/** Undefined when no run can be meant. */
export function listFilterOf(query: RunListQuery): RunFilter | undefined {
  const { workflowRunId, workflowRuns, messageId, state, waitingFor, workflowCreatedAt } = query;
  const named = [
    ...(workflowRunId === undefined ? [] : [workflowRunId]),
    ...(workflowRuns ?? []).map((text) => text.replace(/@\d+$/, '')),
  ];
  const runIds = withMessage(named.length === 0 ? undefined : named, messageId);
  if (runIds?.length === 0) return undefined;
  return {
    ...filterOf(query),
    ...placeOf(query),
    ...present('runIds', runIds),
    ...present('status', state === undefined ? undefined : STATUS_OF_STATE[state]),
    ...present('waitingFor', waitingFor),
    ...present('createdAt', workflowCreatedAt),
  };
}

/** Of these runs, or of all, the one that the message belongs to; undefined = all. */
export function withMessage(runIds: readonly string[] | undefined, messageId: string | undefined) {
  if (messageId === undefined) return runIds;
  const runId = runIdIn(messageId);
  return runId !== undefined && (runIds?.includes(runId) ?? true) ? [runId] : [];
}
