import type { CallType } from '../../wire/step-entry';
import { DEFAULT_RETRIES, settingsOf } from '../attempt.decider';
import { dlqIdOf } from '../dead-letter.decider';
import { continuationAfter, worksOn } from '../dialects/upstash';
import type { BodyPlace, Entry, FailedAttempt, RunState, StepProgress } from '../run.state';
import { hasEnded } from '../run.state';
import { headerLists } from './header-lists';
import type { LoggedStep, LogBodies, RunLog, StepGroup, StepState } from './run-log';
import { callFields, invokeFields, requestOf, stepJson, textJson, waitFields } from './step-fields';

/*
 * A run as the API shows it (protocol.md 11), from its folded state and its bodies alone: no read model is asked.
 *
 * Groups in order: the initial payload, each sequential step, each parallel group, and last `next`, what is being executed or was
 * when the run ended badly. A branch of a parallel group that isn't done is shown inside its group. Failed attempts are shown with
 * the step they tried to do, whichever message they were made for; those of `next` move to its step once that is recorded.
 */
export function runLogOf(state: RunState, bodies: LogBodies): RunLog {
  const { config, workflowUrl, callerIp } = state.start;
  return {
    workflowRunId: state.runId,
    workflowUrl,
    workflowState: STATE_OF_STATUS[state.status],
    workflowRunCreatedAt: state.createdAt,
    ...(state.completedAt === undefined ? {} : { workflowRunCompletedAt: state.completedAt }),
    ...bodies.field('workflowRunResponse', state.result),
    ...invokerOf(state),
    ...failureFunctionOf(state, bodies),
    ...(state.failure ? { dlqId: dlqIdOf(state) } : {}),
    ...(config.labels.length > 0 ? { label: config.labels[0], labels: config.labels } : {}),
    ...(config.flowControlKey === undefined ? {} : { flowControlKey: config.flowControlKey }),
    ...(callerIp === '' ? {} : { workflowRunCallerIp: callerIp }),
    steps: groupsOf(state, bodies),
  };
}

function invokerOf({ start: { invoker } }: RunState): Pick<RunLog, 'invoker'> {
  if (!invoker) return {};
  const { runId, workflowUrl, runCreatedAt } = invoker;
  return { invoker: { workflowRunId: runId, workflowUrl, workflowRunCreatedAt: runCreatedAt } };
}

/** How the protocol names them (11). */
export const STATE_OF_STATUS = {
  running: 'RUN_STARTED',
  succeeded: 'RUN_SUCCESS',
  failed: 'RUN_FAILED',
  cancelled: 'RUN_CANCELED',
} as const;

function groupsOf(state: RunState, bodies: LogBodies): StepGroup[] {
  const groups: StepGroup[] = [{ type: 'sequential', steps: [initial(state, bodies)] }];
  const branches = new Map<number, LoggedStep[]>();
  for (const progress of [...state.steps.values()].sort((a, b) => a.stepId - b.stepId)) {
    const step = loggedStep(state, progress, bodies);
    const siblings = progress.group && branches.get(progress.group.first);
    if (siblings) {
      siblings.push(step);
      continue;
    }
    const steps = [step];
    if (progress.group) branches.set(progress.group.first, steps);
    groups.push({ type: progress.group ? 'parallel' : 'sequential', steps });
  }
  const next = nextStep(state, bodies);
  return next ? [...groups, { type: 'next', steps: [next] }] : groups;
}

function initial(state: RunState, bodies: LogBodies): LoggedStep {
  const { start } = state;
  return {
    stepName: 'init',
    stepType: 'Initial',
    callType: 'step',
    messageId: start.messageId,
    ...bodies.field('out', state.entries[0]?.place),
    concurrent: 1,
    state: stateOfLogged(state, state.entries[0]),
    createdAt: state.createdAt,
    headers: bodies.headers(start.forwards),
  };
}

function loggedStep(state: RunState, progress: StepProgress, bodies: LogBodies): LoggedStep {
  const isDone = progress.resultEntry !== undefined;
  const entry = state.entries[progress.resultEntry ?? progress.planEntry ?? -1];
  const call = state.calls.get(progress.callMessageId ?? '');
  const request = requestOf(state, progress);
  const head = entry?.step ?? call?.data.callback.step ?? request?.data.step;
  const working = isDone ? undefined : workingMessage(state, progress);
  const requested = isDone ? undefined : (working ?? request?.data.messageId);
  const messageId = requested ?? entry?.messageId ?? call?.data.messageId ?? '';
  const json = entry ? stepJson(bodies, entry.place) : request ? textJson(request.data.stepText) : {};
  return {
    stepId: progress.stepId,
    stepName: head?.stepName ?? '',
    stepType: head?.stepType ?? '',
    callType: isDone ? 'step' : callTypeOf(progress, messageId),
    messageId,
    ...(isDone ? bodies.value('out', json['out']) : {}),
    concurrent: head?.concurrent ?? 1,
    state: isDone ? stateOfLogged(state, entry) : stateOfWorking(state, messageId),
    createdAt: entry?.at ?? call?.at ?? request?.at ?? state.createdAt,
    headers: bodies.headers((entry ?? call ?? request)?.data.forwards ?? []),
    ...(progress.planEntry === undefined ? {} : { targetStep: progress.stepId }),
    ...(head ? bodies.shown(head.stepType, json) : {}),
    ...callFields(call, bodies),
    ...waitFields(state, progress, json, isDone),
    ...invokeFields(state, progress, bodies),
    ...attempts(state, worksOn(state, progress.stepId), bodies, working),
  };
}

/** The message that a step without a result hangs on: its callback, its call or its plan, open or the one that failed the run. */
function workingMessage(state: RunState, progress: StepProgress): string | undefined {
  const plan = progress.planEntry === undefined ? undefined : state.entries[progress.planEntry]?.messageId;
  return [progress.callbackMessageId, progress.callMessageId, plan].find(
    (id) => id !== undefined && (state.deliveries.has(id) || id === state.failure?.data.messageId),
  );
}

function callTypeOf(progress: StepProgress, messageId: string): CallType {
  if (messageId === progress.callbackMessageId) return 'fromCallback';
  return messageId === progress.callMessageId ? 'toCallback' : 'step';
}

/** Of an entry that is in the log for good: done, unless it sleeps, or slept when the run ended. */
function stateOfLogged(state: RunState, entry: Entry | undefined): StepState {
  if (!entry) return 'STEP_PROGRESS';
  if (isAsleep(state, entry)) return hasEnded(state) ? 'STEP_CANCELED' : 'STEP_PROGRESS';
  return 'STEP_SUCCESS';
}

function isAsleep(state: RunState, entry: Entry): boolean {
  const { notBeforeMs } = entry.data;
  if (notBeforeMs === undefined) return false;
  if (state.completedAt !== undefined) return notBeforeMs > state.completedAt;
  return typeof state.deliveries.get(entry.messageId)?.phase === 'object' && !state.failures.has(entry.messageId);
}

function stateOfWorking(state: RunState, messageId: string): StepState {
  if (state.failure?.data.messageId === messageId) return 'STEP_FAILED';
  if (hasEnded(state)) return 'STEP_CANCELED';
  return state.failures.has(messageId) ? 'STEP_RETRY' : 'STEP_PROGRESS';
}

/** The continuation being delivered, or that was when the run failed or was cancelled. A sleep is shown by its own step. */
function nextStep(state: RunState, bodies: LogBodies): LoggedStep | undefined {
  const entry = nextEntry(state);
  if (!entry || entry.step?.targetStep !== undefined || isAsleep(state, entry)) return undefined;
  const { messageId } = entry;
  const phase = state.deliveries.get(messageId)?.phase;
  return {
    ...failedStepName(state, messageId),
    messageId,
    state: stateOfWorking(state, messageId),
    ...(typeof phase === 'object' ? { nextDeliveryTime: phase.waitingUntil } : {}),
    ...attempts(state, [messageId], bodies, messageId),
  };
}

/** Newer clients name the step that failed (protocol.md 9.4). */
function failedStepName(state: RunState, messageId: string): { readonly stepName?: string } {
  const headers = state.failures.get(messageId)?.at(-1)?.result.headers ?? [];
  const stepName = headers.find(([name]) => name === 'upstash-error-step-name')?.[1];
  return stepName === undefined ? {} : { stepName };
}

/** The entry that the run goes on from; of a failed run the one whose delivery failed. */
function nextEntry(state: RunState): Entry | undefined {
  if (state.status === 'succeeded') return undefined;
  if (state.failure) return state.entries[state.entryByMessage.get(state.failure.data.messageId) ?? -1];
  if (state.steps.has(state.frontier + 1)) return undefined;
  const [messageId = ''] = continuationAfter(state, state.frontier);
  const entry = state.entries[state.entryByMessage.get(messageId) ?? -1];
  // What a child answered after the end was never gone on from.
  return entry && entry.place.version > (state.endedBy ?? Infinity) ? undefined : entry;
}

/** What the attempts at a step came to; `working` is the message that still needs one. */
function attempts(
  state: RunState,
  messageIds: readonly string[],
  bodies: LogBodies,
  working: string | undefined,
): object {
  const failures = messageIds.flatMap((messageId) => state.failures.get(messageId) ?? []);
  if (failures.length === 0 && working === undefined) return {};
  const delivery = state.deliveries.get(working ?? '');
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
  const answer = failureCallback.state === 'cancelled' ? undefined : failureCallback.result;
  return {
    failureFunction: {
      messageId: failureCallback.messageId,
      url: configured.url,
      state: CALLBACK_STATES[failureCallback.state],
      failHeaders: headerLists(headers),
      failStatus: status,
      ...bodies.field('failResponse', failureBodyPlace(state)),
      dlqId: dlqIdOf(state),
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

export const CALLBACK_STATES = {
  'in-progress': 'CALLBACK_INPROGRESS',
  succeeded: 'CALLBACK_SUCCESS',
  failed: 'CALLBACK_FAIL',
  cancelled: 'CALLBACK_CANCELED',
} as const;

/** Where the answer lies that failed the run, if there was one. */
export function failureBodyPlace(state: RunState): BodyPlace | undefined {
  const { failure } = state;
  if (!failure?.data.result.body) return undefined;
  return { version: failure.version, event: failure.event, body: failure.data.result.body };
}
