import type { BodyPlace, Delivery, Entry, FailedAttempt, RunState, StepProgress } from '../run.state';
import { settingsOf, DEFAULT_RETRIES } from '../attempt.decider';
import { headerLists } from './header-lists';
import type { LoggedStep, LogBodies, RunLog, StepGroup, StepState } from './run-log';
import { callFields, stepJson } from './step-fields';

/*
 * A run as the API shows it (protocol.md 11), from its folded state and its bodies alone: no read model is asked.
 *
 * Groups in order: the initial payload, each sequential step, each parallel group, and last `next`, what is being executed or was
 * when the run ended badly. A branch of a parallel group that isn't done is shown inside its group.
 */
export function runLogOf(state: RunState, bodies: LogBodies): RunLog {
  const { config, workflowUrl, callerIp } = state.start;
  return {
    workflowRunId: state.runId,
    workflowUrl,
    workflowState: RUN_STATES[state.status],
    workflowRunCreatedAt: state.createdAt,
    ...(state.completedAt === undefined ? {} : { workflowRunCompletedAt: state.completedAt }),
    ...(state.result ? { workflowRunResponse: bodies.text(state.result) } : {}),
    ...failureFunctionOf(state, bodies),
    ...(state.failure ? { dlqId: state.failure.data.dlqId } : {}),
    ...(config.labels.length > 0 ? { label: config.labels.join(','), labels: config.labels } : {}),
    ...(config.flowControlKey === undefined ? {} : { flowControlKey: config.flowControlKey }),
    ...(callerIp === '' ? {} : { workflowRunCallerIp: callerIp }),
    steps: groupsOf(state, bodies),
  };
}

const RUN_STATES = {
  running: 'RUN_STARTED',
  succeeded: 'RUN_SUCCESS',
  failed: 'RUN_FAILED',
  cancelled: 'RUN_CANCELED',
} as const;

function groupsOf(state: RunState, bodies: LogBodies): StepGroup[] {
  const groups: StepGroup[] = [{ type: 'sequential', steps: [initial(state, bodies)] }];
  const shown = new Set<number>();
  for (const stepId of [...state.steps.keys()].sort((a, b) => a - b)) {
    const progress = state.steps.get(stepId);
    if (!progress || shown.has(stepId)) continue;
    const { group } = progress;
    if (!group) {
      groups.push({ type: 'sequential', steps: [loggedStep(state, progress, bodies)] });
      continue;
    }
    const members = [...state.steps.values()]
      .filter((each) => each.group?.first === group.first)
      .sort((a, b) => a.stepId - b.stepId);
    for (const member of members) shown.add(member.stepId);
    groups.push({ type: 'parallel', steps: members.map((member) => loggedStep(state, member, bodies)) });
  }
  const next = nextStep(state, bodies);
  return next ? [...groups, { type: 'next', steps: [next] }] : groups;
}

function initial(state: RunState, bodies: LogBodies): LoggedStep {
  const { start } = state;
  const waiting = state.deliveries.get(start.messageId)?.phase;
  return {
    stepName: 'init',
    stepType: 'Initial',
    callType: 'step',
    messageId: start.messageId,
    ...bodies.field('out', state.entries[0]?.place),
    concurrent: 1,
    state: typeof waiting === 'object' && !state.failures.has(start.messageId) ? 'STEP_PROGRESS' : 'STEP_SUCCESS',
    createdAt: state.createdAt,
    headers: bodies.headers(start.forwards),
  };
}

function loggedStep(state: RunState, progress: StepProgress, bodies: LogBodies): LoggedStep {
  const entry = state.entries[progress.resultEntry ?? progress.planEntry ?? -1];
  const call = state.calls.get(progress.callMessageId ?? '');
  const head = entry?.step ?? call?.data.callback.step;
  const messageId = openMessage(state, progress) ?? entry?.messageId ?? call?.data.messageId ?? '';
  const json = entry && progress.resultEntry !== undefined ? stepJson(bodies, entry.place) : {};
  return {
    stepId: progress.stepId,
    stepName: head?.stepName ?? '',
    stepType: head?.stepType ?? '',
    callType: progress.resultEntry === undefined && call ? 'toCallback' : 'step',
    messageId,
    ...bodies.value('out', json['out']),
    concurrent: head?.concurrent ?? 1,
    state: stateOf(state, progress, messageId),
    createdAt: entry?.at ?? call?.at ?? state.createdAt,
    headers: bodies.headers(entry?.data.forwards ?? call?.data.forwards ?? []),
    ...(progress.planEntry === undefined ? {} : { targetStep: progress.stepId }),
    ...kindFields(head?.stepType, json, bodies),
    ...callFields(call, bodies),
    ...attempts(state, messageId, bodies, progress.resultEntry !== undefined),
  };
}

function kindFields(stepType: string | undefined, json: Readonly<Record<string, unknown>>, bodies: LogBodies): object {
  return stepType === undefined ? {} : bodies.shown(stepType, json);
}

/** The message of a step that still needs an attempt of its own: its plan's delivery, its call or its callback. */
function openMessage(state: RunState, progress: StepProgress): string | undefined {
  if (progress.resultEntry !== undefined) return undefined;
  const plan = progress.planEntry === undefined ? undefined : state.entries[progress.planEntry]?.messageId;
  const candidates = [progress.callbackMessageId, progress.callMessageId, plan];
  return candidates.find(
    (id) => id !== undefined && (state.deliveries.has(id) || id === state.failure?.data.messageId),
  );
}

function stateOf(state: RunState, progress: StepProgress, messageId: string): StepState {
  if (progress.resultEntry !== undefined) {
    const { messageId: own = '' } = state.entries[progress.resultEntry] ?? {};
    const phase = state.deliveries.get(own)?.phase;
    return typeof phase === 'object' && !state.failures.has(own) ? 'STEP_PROGRESS' : 'STEP_SUCCESS';
  }
  if (state.status === 'failed') return state.failure?.data.messageId === messageId ? 'STEP_FAILED' : 'STEP_CANCELED';
  if (state.status === 'cancelled') return 'STEP_CANCELED';
  return state.failures.has(messageId) ? 'STEP_RETRY' : 'STEP_PROGRESS';
}

/** The continuation being delivered, or whose failure ended the run. */
function nextStep(state: RunState, bodies: LogBodies): LoggedStep | undefined {
  const failed = state.failure && continuationEntry(state, state.failure.data.messageId);
  const open = [...state.deliveries.values()].find((delivery) => isContinuation(state, delivery));
  const messageId = failed?.messageId ?? open?.messageId;
  if (messageId === undefined) return undefined;
  const waiting = open && typeof open.phase === 'object' ? open.phase.waitingUntil : undefined;
  const failures = state.failures.has(messageId);
  // A sleeping step is shown by itself until its time has come.
  if (!failed && waiting !== undefined && !failures) return undefined;
  return {
    messageId,
    state: failed ? 'STEP_FAILED' : failures ? 'STEP_RETRY' : 'STEP_PROGRESS',
    ...(waiting === undefined ? {} : { nextDeliveryTime: waiting }),
    ...attempts(state, messageId, bodies, false),
  };
}

function isContinuation(state: RunState, delivery: Delivery): boolean {
  return (
    delivery.kind === 'step' && delivery.owesFollowUp && continuationEntry(state, delivery.messageId) !== undefined
  );
}

function continuationEntry(state: RunState, messageId: string): Entry | undefined {
  const entry = state.entries[state.entryByMessage.get(messageId) ?? -1];
  return entry && entry.step?.targetStep === undefined ? entry : undefined;
}

function attempts(state: RunState, messageId: string, bodies: LogBodies, done: boolean): object {
  const failures = state.failures.get(messageId) ?? [];
  if (failures.length === 0 && done) return {};
  const delivery = state.deliveries.get(messageId);
  const settings = delivery ? settingsOf(state, delivery) : state.start.config;
  return {
    retries: settings.retries ?? DEFAULT_RETRIES,
    ...(settings.retryDelay === undefined ? {} : { retryDelay: settings.retryDelay }),
    ...(failures.length > 0 ? { errors: failures.map((failure) => errorOf(failure, bodies)) } : {}),
  };
}

function errorOf(failure: FailedAttempt, bodies: LogBodies): object {
  const { status, error, headers } = failure.result;
  return {
    error: error?.message ?? `the endpoint answered with status ${status ?? 0}`,
    ...(error ? { code: error.code } : {}),
    ...bodies.field('body', failure.body),
    headers: headerLists(headers),
    status: status ?? 0,
    time: failure.at,
  };
}

function failureFunctionOf(state: RunState, bodies: LogBodies): object {
  const { failureCallback, failure } = state;
  const configured = state.start.config.failureCallback;
  if (!failureCallback || !failure || !configured || failureCallback.state === 'not-defined') return {};
  const { status = 0, headers } = failure.data.result;
  const answer = failureCallback.result;
  return {
    failureFunction: {
      messageId: failureCallback.messageId,
      url: configured.url,
      state: CALLBACK_STATES[failureCallback.state],
      failHeaders: headerLists(headers),
      failStatus: status,
      ...bodies.field('failResponse', failureBodyPlace(state)),
      dlqId: failure.data.dlqId,
      maxRetries: configured.retries ?? DEFAULT_RETRIES,
      ...(state.failures.has(failureCallback.messageId)
        ? { errors: (state.failures.get(failureCallback.messageId) ?? []).map((each) => errorOf(each, bodies)) }
        : {}),
      ...(answer
        ? { responseStatus: answer.result.status ?? 0, responseHeaders: headerLists(answer.result.headers) }
        : {}),
      ...bodies.field('responseBody', answer?.body),
    },
  };
}

const CALLBACK_STATES = {
  'in-progress': 'CALLBACK_INPROGRESS',
  succeeded: 'CALLBACK_SUCCESS',
  failed: 'CALLBACK_FAIL',
} as const;

export function failureBodyPlace(state: RunState): BodyPlace | undefined {
  const { failure } = state;
  if (!failure?.data.result.body) return undefined;
  return { version: failure.version, event: failure.event, body: failure.data.result.body };
}
