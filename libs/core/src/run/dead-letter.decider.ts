import type { Done, FailureCallbackAnswer, TakeOverRunAnswer, TakeOverRunRequest } from '../messages/catalogue';
import { idInOtherRun, idInRun, runIdIn } from '../wire/message-id';
import type { CommandContext, Decision } from './decision';
import { already, event } from './decision';
import type { RunEvent } from './run.events';
import type { RunState } from './run.state';

/*
 * A failed run as a dead letter (protocol.md 12, 9.4): deleted, taken over by another run, its failure callback run again or called off.
 *
 * 1. A dead letter is gone once it was deleted or taken over; asked again by the same request it is answered as then (B3).
 * 2. The failed run decides and remembers who takes over, and the successor is started by effect: the client is answered when both
 *    have it (architecture.md section 4).
 * 3. The run stays failed whatever becomes of its letter.
 */

/** The letter's id, as long as there is one. */
export function deadLetterId(state: RunState): string | undefined {
  return state.deadLetterGone ? undefined : dlqIdOf(state);
}

/** The id that a failed run's letter has, or had. One from before ids named their run gets one by which it can be found. */
export function dlqIdOf({ failure, runId }: RunState): string | undefined {
  const dlqId = failure?.data.dlqId;
  return dlqId === undefined || runIdIn(dlqId) !== undefined ? dlqId : idInOtherRun(dlqId, runId);
}

const UNKNOWN = { refused: 'UNKNOWN_DEAD_LETTER', message: 'there is no such dead letter' } as const;

interface Command {
  readonly dlqId: string;
  readonly askId: string;
}

export function deleteDeadLetter(state: RunState | undefined, { dlqId, askId }: Command): Decision<Done> {
  const gone = state?.deadLetterGone;
  if (gone && 'deleted' in gone && gone.deleted.askId === askId) return already({});
  if (!state || deadLetterId(state) !== dlqId) return UNKNOWN;
  return { accepted: [event('DeadLetterDeleted', () => ({ askId }))], answer: {} };
}

export function takeOver(
  state: RunState | undefined,
  command: Pick<TakeOverRunRequest, 'dlqId' | 'askId' | 'how' | 'successor' | 'overrides'>,
  context: CommandContext,
): Decision<TakeOverRunAnswer> {
  const { dlqId, askId, how, successor, overrides } = command;
  const gone = state?.deadLetterGone;
  const awaits = ['start-successor'];
  if (gone && 'takenOver' in gone && gone.takenOver.askId === askId) {
    const { successor: workflowRunId, startedAt: workflowCreatedAt } = gone.takenOver;
    return { ...already({ workflowRunId, workflowCreatedAt }), awaits };
  }
  if (!state || deadLetterId(state) !== dlqId) return UNKNOWN;
  const taken = event('RunTakenOver', () => ({ successor, how, startedAt: context.at, overrides, askId }));
  return { accepted: [taken], answer: { workflowRunId: successor, workflowCreatedAt: context.at }, awaits };
}

/** Again, after it failed or was called off; with a function that isn't there, or one that succeeded, there is nothing to repeat. */
export function requestFailureCallback(
  state: RunState | undefined,
  { dlqId, askId }: Command,
  context: CommandContext,
): Decision<FailureCallbackAnswer> {
  if (state?.failureCallback?.askId === askId) return already({ runCreatedAt: state.createdAt });
  if (!state || deadLetterId(state) !== dlqId) return UNKNOWN;
  const { failureCallback } = state;
  if (failureCallback?.state !== 'failed' && failureCallback?.state !== 'cancelled')
    return notFailed(failureCallback?.state);
  const messageId = idInRun('msg', context.seed, state.runId);
  return {
    accepted: [event('FailureCallbackRequested', () => ({ messageId, askId }))],
    answer: { runCreatedAt: state.createdAt },
  };
}

export function cancelFailureCallback(state: RunState | undefined, { dlqId }: Command): Decision<Done> {
  if (!state || deadLetterId(state) !== dlqId) return UNKNOWN;
  const { failureCallback } = state;
  if (failureCallback?.state === 'cancelled') return already({});
  if (failureCallback?.state !== 'in-progress') return notFailed(failureCallback?.state);
  return { accepted: [failureCallbackCancelled(failureCallback.messageId)], answer: {} };
}

export function failureCallbackCancelled(messageId: string): RunEvent {
  return event('FailureCallbackEnded', () => ({
    messageId,
    state: 'cancelled',
    result: { headers: [] },
    isListed: true,
  }));
}

function notFailed(found: string | undefined) {
  return {
    refused: 'NOT_FAILED',
    message: found === undefined ? 'the run has no failure callback' : `the failure callback is ${found}`,
  } as const;
}
