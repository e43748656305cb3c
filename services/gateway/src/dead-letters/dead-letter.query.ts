import type { FailureCallbackState, RunFilter } from '@stepwell/core';
import { ChoiceParameter, IntegerParameter, ListParameter, TextParameter, TimeParameter } from '../http/query-values';
import { filterOf, present, RunFilterQuery } from '../runs/run-filter.query';
import { withMessage } from '../runs/run-list.query';

const FAILURE_STATES: Readonly<Record<string, FailureCallbackState>> = {
  CALLBACK_INPROGRESS: 'in-progress',
  CALLBACK_SUCCESS: 'succeeded',
  CALLBACK_FAIL: 'failed',
  CALLBACK_CANCELED: 'cancelled',
};

/** The filters of dead letters (protocol.md 12). Dates are of the failure. */
export class DeadLetterQuery extends RunFilterQuery {
  /** These alone, whatever else is said. */
  @ListParameter()
  readonly dlqIds?: string[];

  /** What `workflowUrl` was called before. */
  @TextParameter()
  readonly url?: string;

  /** Another spelling of `callerIp`. */
  @TextParameter()
  readonly callerIP?: string;

  /** Id of the failed run. */
  @TextParameter()
  readonly workflowRunId?: string;

  /** When the run was created, in unix milliseconds. */
  @TimeParameter()
  readonly workflowCreatedAt?: number;

  /** Status of the answer that failed the run. */
  @IntegerParameter(0, 999)
  readonly responseStatus?: number;

  /** How the failure callback fared. */
  @ChoiceParameter(Object.keys(FAILURE_STATES))
  readonly failureFunctionState?: string;

  /** A message of the run; its id names it. */
  @TextParameter()
  readonly messageId?: string;

  /** Most that are meant. */
  @IntegerParameter(1, 1_000_000)
  readonly count?: number;

  /** What an earlier page ended with; an empty one begins. */
  @TextParameter({ empty: true })
  readonly cursor?: string;
}

export class DeadLetterListQuery extends DeadLetterQuery {
  /** The clients ask for dead letters of runs with it. */
  @ChoiceParameter(['workflow'])
  readonly source?: string;
}

/** Undefined when no run can be meant. */
export function deadLetterFilterOf(query: DeadLetterQuery): RunFilter | undefined {
  const { workflowUrl, url, callerIp, callerIP, workflowRunId, messageId, responseStatus, failureFunctionState } =
    query;
  const runIds = withMessage(workflowRunId === undefined ? undefined : [workflowRunId], messageId);
  if (runIds?.length === 0) return undefined;
  const spelled = Object.assign(new DeadLetterQuery(), query, {
    workflowUrl: workflowUrl ?? (url === undefined ? undefined : [url]),
    callerIp: callerIp ?? (callerIP === undefined ? undefined : [callerIP]),
  });
  const failureState = failureFunctionState === undefined ? undefined : FAILURE_STATES[failureFunctionState];
  return {
    ...filterOf(spelled),
    ...present('runIds', runIds),
    ...present('createdAt', query.workflowCreatedAt),
    deadLetters: { ...present('responseStatus', responseStatus), ...present('failureState', failureState) },
  };
}
