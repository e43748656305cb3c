import type { SubmitAnswer } from '../messages/catalogue';
import type { CallSubmission, StartSubmission, StepSubmission, Submission } from '../wire/submission';
import type { CommandContext, Decision, EventBodies, NewBody } from './decision';
import { already, event } from './decision';
import { stepKey } from './dialects/upstash';
import type { MessageData, RunEvent } from './run.events';
import type { RunState } from './run.state';
import { hasEnded } from './run.state';

/*
 * Submissions: starts, plans, results and calls (protocol.md 5.2, 7.3, 7.6, 8.3). All items belong to one run and are accepted or
 * refused together, in their order (2.4).
 *
 * 1. Every submission may come twice, or late: the same key is answered `deduplicated` with the first one's message id (7.6).
 * 2. A start of a run that exists makes no second run; asked again by the same request it is answered as the first time (B3).
 * 3. A run that has ended, or was never started, takes no step: 400 to the client, which swallows it (7.4).
 */

/** One ask's items, all of one run. */
export interface SubmitCommand {
  readonly runId: string;
  readonly askId: string;
  readonly items: readonly Submission[];
  /** `Submission.body` is an index into these. */
  readonly bodies: readonly NewBody[];
}

/** Feature with which the server re-applies the trigger's configuration, and the client doesn't repeat it (5.2). */
const TRIGGER_ON_CONFIG = 'WF_TriggerOnConfig';

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
    answer: { runCreatedAt: context.at, items },
  };
}

function append(state: RunState, command: SubmitCommand, context: CommandContext): Decision<SubmitAnswer> {
  if (hasEnded(state) && command.items.some((item) => item.kind !== 'start')) {
    return { refused: 'RUN_ENDED', message: 'can not append to a a cancelled workflow' };
  }
  const accepted: RunEvent[] = [];
  const items: ItemAnswer[] = [];
  const seen = new Map<string, string>();
  for (const item of command.items) {
    const earlier = earlierMessage(state, item, seen);
    items.push({
      messageId: earlier ?? item.messageId,
      deduplicated: earlier !== undefined && !isSameAsk(state, command, item, earlier),
    });
    if (earlier !== undefined || item.kind === 'start') continue;
    seen.set(keyOf(item), item.messageId);
    accepted.push(item.kind === 'call' ? callRequested(command, item, context) : stepLogged(command, item, context));
  }
  const answer = { runCreatedAt: state.createdAt, items };
  return accepted.length > 0 ? { accepted, answer } : already(answer);
}

/** The message that said the same before, if any. */
function earlierMessage(state: RunState, item: Submission, seen: ReadonlyMap<string, string>): string | undefined {
  if (item.kind === 'start') return state.start.messageId;
  const inBatch = seen.get(keyOf(item));
  if (inBatch !== undefined) return inBatch;
  const entry = state.entries[state.entryByKey.get(entryKeyOf(item)) ?? -1];
  if (entry) return entry.messageId;
  return item.kind === 'call' ? state.steps.get(item.callback.stepId)?.callMessageId : undefined;
}

/** Asked again because the answer was lost: no duplicate, but the first one, to be answered as then (B3). Ids are made per request. */
function isSameAsk(state: RunState, command: SubmitCommand, item: Submission, earlier: string): boolean {
  if (item.messageId === earlier) return true;
  return item.kind === 'start' && item === command.items[0] && command.askId === state.start.askId;
}

/** A call whose result is in the log already came late; its own key keeps it apart from that result inside one batch. */
const entryKeyOf = (item: StepSubmission | CallSubmission): string =>
  stepKey(item.kind === 'call' ? { stepId: item.callback.stepId } : item.step);

const keyOf = (item: StepSubmission | CallSubmission): string => `${item.kind}:${entryKeyOf(item)}`;

function runStarted(command: SubmitCommand, item: StartSubmission, context: CommandContext): RunEvent {
  return event('RunStarted', (bodies) => ({
    ...messageData(command, item, context, bodies),
    runId: command.runId,
    askId: command.askId,
    config: item.config,
    callerIp: item.callerIp,
  }));
}

function stepLogged(command: SubmitCommand, item: StepSubmission, context: CommandContext): RunEvent {
  const type = item.step.targetStep === undefined ? 'StepRecorded' : 'StepPlanned';
  return event(type, (bodies) => ({
    ...messageData(command, item, context, bodies),
    step: item.step,
    ...(item.features.includes(TRIGGER_ON_CONFIG) ? {} : { config: item.config }),
  }));
}

function callRequested(command: SubmitCommand, item: CallSubmission, context: CommandContext): RunEvent {
  const { callback, settings, timeoutMs } = item;
  const { url, forwards, stepId, stepName, stepType, concurrent } = callback;
  return event('CallRequested', (bodies) => ({
    ...messageData(command, item, context, bodies),
    settings,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    callback: { url, forwards, step: { stepId, stepName, stepType, concurrent }, settings: callback.settings },
  }));
}

function messageData(
  command: SubmitCommand,
  item: Submission,
  context: CommandContext,
  bodies: EventBodies,
): MessageData {
  const { messageId, destination, workflowUrl, method, contentType, forwards, features } = item;
  const notBeforeMs = item.notBeforeMs ?? (item.delayMs === undefined ? undefined : context.at + item.delayMs);
  return {
    messageId,
    destination,
    workflowUrl,
    method,
    ...(contentType === undefined ? {} : { contentType }),
    forwards,
    features,
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    body: bodies.store(command.bodies[item.body] ?? new Uint8Array()),
  };
}
