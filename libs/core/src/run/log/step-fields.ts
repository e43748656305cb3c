import { formatDuration } from '../../wire/duration';
import type { BodyPlace, CallProgress, InvokeProgress, RunState, StepProgress, WaitProgress } from '../run.state';
import type { LogBodies } from './run-log';
import { headerLists } from './header-lists';

/** The submitted step's JSON; what isn't an object shows no fields. */
export function stepJson(bodies: LogBodies, place: BodyPlace): Readonly<Record<string, unknown>> {
  const bytes = bodies.bytes(place);
  return bytes ? textJson(new TextDecoder().decode(bytes)) : {};
}

/** The object that a text of JSON is; anything else shows no fields. */
export function textJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** What we called for the run, and what came back (protocol.md 11, `call…`). */
export function callFields(call: CallProgress | undefined, bodies: LogBodies): object {
  if (!call) return {};
  const { answer, data } = call;
  return {
    callUrl: data.destination,
    callMethod: data.method,
    callHeaders: bodies.headers(data.forwards),
    ...bodies.field('callBody', call.place),
    ...(answer
      ? {
          callResponseStatus: answer.result.status ?? 0,
          callResponseHeaders: headerLists(answer.result.headers),
          ...bodies.field('callResponseBody', answer.body),
        }
      : {}),
  };
}

/** What the step asked of the server, where the server is to write its result (8.4, 8.7). */
export function requestOf(state: RunState, progress: StepProgress): WaitProgress | InvokeProgress | undefined {
  return state.waits.get(progress.waitMessageId ?? '') ?? state.invokes.get(progress.invokeMessageId ?? '');
}

/** What a run waits or waited for, and whether in vain (protocol.md 11, `wait…`; the deadline in unix seconds, as a waiter's). */
export function waitFields(
  state: RunState,
  progress: StepProgress,
  json: Readonly<Record<string, unknown>>,
  isDone: boolean,
): object {
  const wait = state.waits.get(progress.waitMessageId ?? '');
  if (!wait) return {};
  const { eventId, timeoutMs, deadlineAt } = wait.data;
  return {
    waitEventId: eventId,
    waitTimeoutDuration: formatDuration(timeoutMs),
    waitTimeoutDeadline: Math.floor(deadlineAt / 1_000),
    ...(isDone ? { waitTimeout: json['waitTimeout'] === true } : {}),
  };
}

/** The run that a step started (protocol.md 11, `invoked…`). */
export function invokeFields(state: RunState, progress: StepProgress, bodies: LogBodies): object {
  const invoke = state.invokes.get(progress.invokeMessageId ?? '');
  if (!invoke) return {};
  const { child } = invoke.data;
  return {
    invokedWorkflowRunId: child.runId,
    invokedWorkflowUrl: child.workflowUrl,
    invokedWorkflowCreatedAt: invoke.at,
    ...bodies.field('invokedWorkflowRunBody', invoke.childPlace),
    invokedWorkflowRunHeaders: bodies.headers(child.config.forwards),
  };
}
