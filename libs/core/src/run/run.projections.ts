import type { RunAnnouncement } from '../messages/catalogue';
import type { DeadLetterRow, RunRow } from '../ports/read-models.port';
import { deadLetterId } from './dead-letter.decider';
import { remembered } from '../wire/remembered';
import { waitingForOf } from './explain/explain';
import type { RunState } from './run.state';

/** Last non-empty path segment of the workflow's URL, as `serveMany` routes by it (protocol.md 8.9); else the host. */
export const workflowName = remembered((url): string => {
  const afterScheme = url.replace(/^[a-z]+:\/+/i, '');
  const path = afterScheme.split(/[?#]/, 1)[0] ?? '';
  const segments = path.split('/').filter((segment) => segment !== '');
  return segments.at(-1) ?? 'workflow';
});

/** The run's row in the read model (L9), as of the state's version. */
export function rowOf(state: RunState, partition: number): RunRow {
  const { config, callerIp, workflowUrl } = state.start;
  const waitingFor = waitingForOf(state);
  return {
    runId: state.runId,
    partition,
    version: state.version,
    status: state.status,
    url: workflowUrl,
    ...placeOfUrl(workflowUrl),
    workflow: workflowName(workflowUrl),
    labels: config.labels,
    callerIp,
    ...(config.flowControlKey === undefined ? {} : { flowControlKey: config.flowControlKey }),
    createdAt: state.createdAt,
    ...(state.completedAt === undefined ? {} : { completedAt: state.completedAt }),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    ...deadLetterRow(state),
  };
}

/** Host with port, and path. What can't be read as a URL is found by neither. */
function placeOfUrl(text: string): { readonly host: string; readonly path: string } {
  if (!URL.canParse(text)) return { host: '', path: '' };
  const { host, pathname } = new URL(text);
  return { host, path: pathname };
}

function deadLetterRow(state: RunState): { readonly deadLetter?: DeadLetterRow } {
  const dlqId = deadLetterId(state);
  if (dlqId === undefined || !state.failure) return {};
  const failureState = state.failureCallback?.state;
  return {
    deadLetter: {
      dlqId,
      failedAt: state.failure.at,
      responseStatus: state.failure.data.result.status ?? 0,
      ...(failureState === undefined || failureState === 'not-defined' ? {} : { failureState }),
    },
  };
}

const OUTCOMES = { succeeded: 'completed', failed: 'failed', cancelled: 'cancelled' } as const;

/** The public fact of a run's end (B2). `resultText` = the result where it is short UTF-8 text. */
export function announcementOf(state: RunState, resultText: string | undefined): RunAnnouncement | undefined {
  if (state.status === 'running') return undefined;
  const { config, workflowUrl } = state.start;
  const outcome = OUTCOMES[state.status];
  return {
    id: `${state.runId}:${outcome}`,
    outcome,
    workflowRunId: state.runId,
    workflow: workflowName(workflowUrl),
    workflowUrl,
    createdAt: state.createdAt,
    completedAt: state.completedAt ?? state.createdAt,
    labels: config.labels,
    ...(resultText === undefined ? {} : { result: resultText }),
    ...(state.result ? { resultBytes: state.result.body.sizeBytes } : {}),
    ...(state.failure ? { failure: failureOf(state.failure.data) } : {}),
  };
}

function failureOf(data: NonNullable<RunState['failure']>['data']): NonNullable<RunAnnouncement['failure']> {
  const { status = 0, headers, error } = data.result;
  const stepName = headers.find(([name]) => name === 'upstash-error-step-name')?.[1];
  return {
    status,
    message: error?.message ?? `the endpoint answered with status ${status}`,
    ...(stepName === undefined ? {} : { stepName }),
  };
}
