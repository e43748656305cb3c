import type { RunTell, TellRunsAnswer } from '../messages/catalogue';
import { encodeBase64Text } from '../wire/base64';
import { derivedId, idInOtherRun } from '../wire/message-id';
import type { Decision, NewBody } from './decision';
import { already, event } from './decision';
import type { RunEvent, RunEventData, ServerStepData } from './run.events';
import type { RunState } from './run.state';
import { hasEnded, hasResult } from './run.state';

/*
 * What other streams tell a run: how a wait of its ended, and a child (protocol.md 8.4, 8.7). The server writes these results itself:
 * the step's JSON as it was submitted, and the outcome added to it.
 *
 * 1. Never refused: who tells must be able to forget. What comes twice, or for nothing that is pending, changes nothing.
 * 2. Whoever tells has built the body first ({@link resultBody}), so that a large one can be admitted like any other (L5).
 * 3. A wait of a run that has ended has no result. A child's is logged all the same, and delivered to nobody; when another run has
 *    taken over from this one, that one is to be told.
 * 4. A run that is about to take over, or whose log is being copied, doesn't know yet what it waits for, and nobody but the copier may
 *    append to it: it is to be told again. So is one that had nothing to record when the body was built, and by now has.
 */

export type ToldAnswer = TellRunsAnswer['results'][number];

const DONE: ToldAnswer = { done: true };
const NOT_YET: ToldAnswer = { notYet: true };

/** The result's body, to be admitted and handed to {@link told}; undefined when there is nothing to record. */
export function resultBody(
  state: RunState | undefined,
  tell: RunTell,
  bodies: readonly Uint8Array[],
): Uint8Array | undefined {
  const pending = state && pendingOf(state, tell);
  if (!pending) return undefined;
  return new TextEncoder().encode(JSON.stringify({ ...openStep(pending.stepText), ...resultOf(tell, bodies) }));
}

/** Decides on a tell; `body` is what {@link resultBody} gave. */
export function told(state: RunState | undefined, tell: RunTell, body: NewBody | undefined): Decision<ToldAnswer> {
  if (!state) return already(tell.kind === 'child-ended' ? NOT_YET : DONE);
  const pending = pendingOf(state, tell);
  if (state.isCopying || (pending && !body)) return already(NOT_YET);
  if (pending && body) return { accepted: [stepRecorded(pending, tell, body)], answer: DONE };
  const successor = tell.kind === 'child-ended' ? successorOf(state) : undefined;
  return already(successor === undefined ? DONE : { movedTo: successor });
}

/** Who goes on from this failed run's log (12). */
function successorOf(state: RunState): string | undefined {
  const gone = state.deadLetterGone;
  return gone && 'takenOver' in gone && gone.takenOver.how === 'resume' ? gone.takenOver.successor : undefined;
}

/** What the tell is about, if it is still without a result. */
function pendingOf(
  state: RunState,
  tell: RunTell,
): RunEventData['WaitRequested'] | RunEventData['InvokeRequested'] | undefined {
  const data = dataOf(state, tell);
  if (!data || hasResult(state, data.step.stepId)) return undefined;
  if (tell.kind === 'wait-ended') return hasEnded(state) ? undefined : data;
  return successorOf(state) === undefined ? data : undefined;
}

function dataOf(
  state: RunState,
  tell: RunTell,
): RunEventData['WaitRequested'] | RunEventData['InvokeRequested'] | undefined {
  if (tell.kind === 'wait-ended') return state.waits.get(tell.messageId)?.data;
  // A child knows its invoke by the id it had in the run that this one took over from.
  const invoke = state.invokes.get(tell.messageId) ?? state.invokes.get(idInOtherRun(tell.messageId, state.runId));
  return invoke?.data;
}

function stepRecorded(
  pending: RunEventData['WaitRequested'] | RunEventData['InvokeRequested'],
  tell: RunTell,
  body: NewBody,
): RunEvent {
  const { messageId, destination, workflowUrl, method, contentType, forwards, features, step, config } = pending;
  const timedOut = tell.kind === 'wait-ended' && tell.outcome.kind === 'timeout';
  const url = timedOut && 'timeoutUrl' in pending ? pending.timeoutUrl : undefined;
  return event('StepRecorded', (bodies) => ({
    messageId: derivedId(messageId, 'result'),
    destination: url ?? destination,
    workflowUrl,
    method,
    ...(contentType === undefined ? {} : { contentType }),
    forwards,
    features,
    step,
    ...(config ? { config } : {}),
    body: bodies.store(body),
  }));
}

function resultOf(tell: RunTell, bodies: readonly Uint8Array[]): object {
  if (tell.kind === 'child-ended') return { out: childOutcome(tell, bodies) };
  const { eventId, outcome } = tell;
  // No `out` at all: a null would be taken for a value (8.4).
  if (outcome.kind === 'timeout') return { waitTimeout: true, waitEventId: eventId };
  const notice = outcome.body === undefined ? undefined : bodies[outcome.body];
  return { ...(notice ? { out: encodeBase64Text(notice) } : {}), waitEventId: eventId };
}

/** Always a text of JSON, with the child's result as a text inside (8.7). */
function childOutcome(tell: Extract<RunTell, { kind: 'child-ended' }>, bodies: readonly Uint8Array[]): string {
  const { outcome, childRunId, result } = tell;
  const bytes = result === undefined || outcome !== 'succeeded' ? undefined : bodies[result];
  return JSON.stringify({
    ...(bytes ? { body: new TextDecoder().decode(bytes) } : {}),
    isFailed: outcome === 'failed',
    isCanceled: outcome === 'cancelled',
    workflowRunId: childRunId,
  });
}

/** Without what a result consists of: a client may send the fields it doesn't use as null, which would be taken for a value (8.4). */
function openStep(text: ServerStepData['stepText']): object {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) return {};
  const { out: _out, waitTimeout: _waitTimeout, ...step } = parsed as Readonly<Record<string, unknown>>;
  return step;
}
