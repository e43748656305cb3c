import type { SubmitAnswer } from '../messages/catalogue';
import type { StartSubmission, StepHead, Submission } from '../wire/submission';
import type { CommandContext, Decision } from './decision';
import { already, awaiting, event } from './decision';
import { stepKey } from './dialects/upstash';
import { UNKNOWN_SDK_HEADER, withoutSdkQuestion } from './dialects/upstash.headers';
import type { RunEvent } from './run.events';
import type { RunState } from './run.state';
import { createdAtOf, hasEnded, tellKey } from './run.state';
import type { SubmitCommand } from './submit.command';
import { requestEvent, runStarted, stepLogged } from './submission.events';

/*
 * Submissions: starts, plans, results and requests (protocol.md 5.2, 5.5, 7.3, 7.6, 8.3, 8.4, 8.7). All items belong to one run and
 * are accepted or refused together, in their order (2.4).
 *
 * 1. Every submission may come twice, or late: the same key is answered `deduplicated` with the first one's message id (7.6).
 * 2. A start of a run that exists makes no second run; asked again by the same request it is answered as the first time (B3).
 * 3. A run that has ended, or was never started, takes no step: 400 to the client, which swallows it (7.4).
 * 4. A wait is answered when its mailbox has it, an invoke when its child has begun; so is one that came twice (L4).
 * 5. A start that the client's library continues is no second start: the payload is delivered again, as the library wants it (5.5).
 */

type ItemAnswer = SubmitAnswer['items'][number];

/** Refuses with RUN_ENDED (ended, or never started here) and INVALID_BODY (nothing, or a start mixed with steps). */
export function submit(
  state: RunState | undefined,
  command: SubmitCommand,
  context: CommandContext,
): Decision<SubmitAnswer> {
  const [first] = command.items;
  if (!first) return { refused: 'INVALID_BODY', message: 'nothing was submitted' };
  return state ? append(state, command, context) : begin(command, first, context);
}

function begin(command: SubmitCommand, first: Submission, context: CommandContext): Decision<SubmitAnswer> {
  if (first.kind !== 'start') {
    return { refused: 'RUN_ENDED', message: `can not append to run ${command.runId}: it was never started here` };
  }
  const items = command.items.map((item, index): ItemAnswer => ({
    messageId: first.messageId,
    deduplicated: index > 0 || item !== first,
  }));
  if (command.items.some((item) => item.kind !== 'start')) {
    return { refused: 'INVALID_BODY', message: 'a run can not be started and continued in one batch' };
  }
  return {
    accepted: [runStarted(command, first, context)],
    answer: { runCreatedAt: createdAtOf(command, context.at), items },
  };
}

function append(state: RunState, command: SubmitCommand, context: CommandContext): Decision<SubmitAnswer> {
  if ((hasEnded(state) || state.isCopying) && command.items.some((item) => item.kind !== 'start')) {
    return { refused: 'RUN_ENDED', message: 'can not append to a a cancelled workflow' };
  }
  const accepted: RunEvent[] = [];
  const items: ItemAnswer[] = [];
  const awaits: string[] = [];
  const seen = new Map<string, string>();
  for (const item of command.items) {
    const earlier = earlierMessage(state, item, seen);
    const messageId = earlier ?? item.messageId;
    items.push({
      messageId,
      deduplicated: earlier !== undefined && !isSameAsk(state, command, item, earlier),
    });
    if (item.kind === 'wait') awaits.push(tellKey({ kind: 'register-waiter', messageId }));
    if (item.kind === 'invoke') awaits.push(tellKey({ kind: 'start-child', messageId }));
    if (item.kind === 'start') {
      if (accepted.length === 0 && isToContinue(state, item)) accepted.push(startContinued(item));
      continue;
    }
    if (earlier !== undefined) continue;
    seen.set(keyOf(item), item.messageId);
    accepted.push(item.kind === 'step' ? stepLogged(command, item, context) : requestEvent(command, item, context));
  }
  const answer = { runCreatedAt: state.createdAt, items };
  return awaiting(accepted.length > 0 ? { accepted, answer } : already(answer), awaits);
}

/** The message that said the same before, if any. */
function earlierMessage(state: RunState, item: Submission, seen: ReadonlyMap<string, string>): string | undefined {
  if (item.kind === 'start') return state.start.messageId;
  // A request is too late for a result, not the other way round (dialects/upstash 4).
  const inBatch = seen.get(keyOf(item)) ?? (item.kind === 'step' ? undefined : seen.get(keyOfResult(item)));
  if (inBatch !== undefined) return inBatch;
  const entry = state.entries[state.entryByKey.get(stepKey(stepOf(item))) ?? -1];
  const progress = state.steps.get(stepOf(item).stepId);
  switch (item.kind) {
    case 'step':
      return entry?.messageId;
    case 'call':
      return progress?.callMessageId ?? entry?.messageId;
    case 'wait':
      return progress?.waitMessageId ?? entry?.messageId;
    case 'invoke':
      return progress?.invokeMessageId ?? entry?.messageId;
  }
}

/** Asked again because the answer was lost: no duplicate, but the first one, to be answered as then (B3). Ids are made per request. */
function isSameAsk(state: RunState, command: SubmitCommand, item: Submission, earlier: string): boolean {
  if (item.messageId === earlier) return true;
  if (item.kind !== 'start') return false;
  if (item.bySdk) return state.isContinued === true || isToContinue(state, item);
  return item === command.items[0] && command.askId === state.start.askId;
}

/** Rule 5: as long as nothing but the start has happened, and never to a copy that isn't whole. */
function isToContinue(state: RunState, item: StartSubmission): boolean {
  const wasAsked =
    state.start.restTrigger === 'ask' || state.start.forwards.some(([name]) => name === UNKNOWN_SDK_HEADER);
  if (item.bySdk !== true || !wasAsked || state.isContinued === true || state.isCopying) return false;
  return state.deliveries.has(state.start.messageId);
}

function startContinued(item: StartSubmission): RunEvent {
  const forwards = withoutSdkQuestion(item.forwards);
  const { destination, contentType, features } = item;
  return event('StartContinued', () => ({
    destination,
    ...(contentType === undefined ? {} : { contentType }),
    forwards,
    features,
  }));
}

type Appendable = Exclude<Submission, StartSubmission>;

const stepOf = (item: Appendable): Pick<StepHead, 'stepId' | 'targetStep'> =>
  item.kind === 'call' ? { stepId: item.callback.stepId } : item.step;

/** Its own key keeps a request apart from its result inside one batch. */
const keyOf = (item: Appendable): string => `${item.kind}:${stepKey(stepOf(item))}`;
const keyOfResult = (item: Appendable): string => `step:${stepKey(stepOf(item))}`;
