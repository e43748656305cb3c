import type { BodyIndex } from '../messages/definition';
import type { Done } from '../messages/catalogue';
import { ERROR_CODES } from '../rest/error-codes';
import type { Submission } from '../wire/submission';
import type { CommandContext, Decision, NewBody } from './decision';
import { event } from './decision';
import { completedBy } from './dialects/upstash';
import { finish } from './end.decider';
import type { RunEvent } from './run.events';
import type { Delivery, RunState } from './run.state';
import { submit } from './submit.decider';

/*
 * The answer to a step delivery that holds what the endpoint would otherwise have submitted before it answered: the submissions, and the
 * end of the run (L7).
 *
 * 1. Decides nothing of its own on any of them: `submit` and `finish` do, on the same state, as if they had come by themselves.
 * 2. All of it becomes one entry, or it is refused as a whole. With it the delivery is over: that is one of the facts of the entry.
 * 3. What doesn't complete its own delivery, which owed that, is refused: recorded, it would be asked for again all the same.
 * 4. Repeated, it never gets here: its delivery is over, or on another attempt (attempt.decider, rule 1).
 */

export interface AnsweredSteps {
  readonly items: readonly Submission[];
  readonly finish?: { readonly result?: BodyIndex };
  /** Bodies of submissions, and the result, are indexes into these. */
  readonly bodies: readonly NewBody[];
}

/** Refuses as `submit` does, and with NOTHING_FOLLOWED. */
export function takeSteps(
  state: RunState,
  delivery: Delivery,
  steps: AnsweredSteps,
  context: CommandContext,
): Decision<Done> {
  const submitted = submittedIn(state, delivery, steps, context);
  if ('refused' in submitted) return submitted;
  const ended = steps.finish ? finish(state, steps.bodies[steps.finish.result ?? -1]) : NOTHING;
  if ('refused' in ended) return ended;
  const accepted = [...submitted.accepted, ...ended.accepted];
  const [first] = accepted;
  // Of the first event alone, and of the end, it is sure by now that the fold will find it so.
  if (ended.accepted.length > 0 || (first && completes(state, delivery, first))) return { accepted, answer: {} };
  if (delivery.owesFollowUp && !accepted.some((each) => completes(state, delivery, each)))
    return nothingFollowed(steps);
  const { messageId } = delivery;
  if (first === undefined) return { accepted, answer: {}, succeeded: [messageId] };
  return { accepted: [event('DeliveriesSucceeded', () => ({ messageIds: [messageId] })), ...accepted], answer: {} };
}

const NOTHING: Decision<Done> = { accepted: [], answer: {} };

function submittedIn(
  state: RunState,
  { messageId, attempt }: Delivery,
  { items, bodies }: AnsweredSteps,
  context: CommandContext,
): Decision<object> {
  if (items.length === 0) return NOTHING;
  return submit(state, { runId: state.runId, askId: `${messageId}#${attempt}`, items, bodies }, context);
}

/** Whether the delivery is over once this has happened to this state, by the rules of the dialect. */
function completes(state: RunState, { messageId }: Delivery, event: RunEvent): boolean {
  const { type } = event;
  if (type === 'StartContinued') return messageId === state.start.messageId;
  if (type === 'StepPlanned' || type === 'StepRecorded') return completedBy(state, event.data.step).includes(messageId);
  const asking = type === 'CallRequested' ? event.data.callback.step : undefined;
  const step = asking ?? (type === 'InvokeRequested' || type === 'WaitRequested' ? event.data.step : undefined);
  return step !== undefined && completedBy(state, step, 'request').includes(messageId);
}

function nothingFollowed({ items }: AnsweredSteps): Decision<never> {
  const { message } = ERROR_CODES.NOTHING_FOLLOWED;
  if (items.length === 0) return { refused: 'NOTHING_FOLLOWED', message };
  return { refused: 'NOTHING_FOLLOWED', message: 'what the answer submits is not what this delivery was for' };
}
