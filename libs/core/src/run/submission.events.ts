import type {
  CallSubmission,
  ChildStart,
  InvokeSubmission,
  StartSubmission,
  StepSubmission,
  Submission,
  TriggerConfig,
  WaitSubmission,
} from '../wire/submission';
import type { CommandContext, EventBodies } from './decision';
import { event } from './decision';
import { withoutSdkQuestion } from './dialects/upstash.headers';
import type { MessageData, RunEvent } from './run.events';
import type { SubmitCommand } from './submit.command';

/*
 * What is recorded of each kind of submission: the events of an accepted one. Decides nothing.
 */

/** Feature with which the server re-applies the trigger's configuration, and the client doesn't repeat it (protocol.md 5.2). */
const TRIGGER_ON_CONFIG = 'WF_TriggerOnConfig';

export function runStarted(command: SubmitCommand, item: StartSubmission, context: CommandContext): RunEvent {
  const { invoker, successorOf } = command;
  return event('RunStarted', (bodies) => ({
    ...messageData(command, item, context, bodies),
    // The library has answered already, be it for a run that was forgotten (5.5).
    ...(item.bySdk ? { forwards: withoutSdkQuestion(item.forwards) } : {}),
    runId: command.runId,
    askId: command.askId,
    config: item.config,
    callerIp: item.callerIp,
    ...(item.restTrigger ? { restTrigger: item.restTrigger } : {}),
    ...(invoker ? { invoker } : {}),
    ...(successorOf ? { successorOf } : {}),
  }));
}

export function stepLogged(command: SubmitCommand, item: StepSubmission, context: CommandContext): RunEvent {
  const type = item.step.targetStep === undefined ? 'StepRecorded' : 'StepPlanned';
  return event(type, (bodies) => ({
    ...messageData(command, item, context, bodies),
    step: item.step,
    ...ownConfig(item),
  }));
}

/** A call, a wait or an invoke. */
export function requestEvent(
  command: SubmitCommand,
  item: CallSubmission | WaitSubmission | InvokeSubmission,
  context: CommandContext,
): RunEvent {
  switch (item.kind) {
    case 'call':
      return callRequested(command, item, context);
    case 'wait':
      return waitRequested(command, item, context);
    case 'invoke':
      return invokeRequested(command, item, context);
  }
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

function waitRequested(command: SubmitCommand, item: WaitSubmission, context: CommandContext): RunEvent {
  const { eventId, timeoutMs, timeoutUrl } = item;
  return event('WaitRequested', () => ({
    ...addressOf(item),
    step: item.step,
    stepText: stepTextOf(command, item),
    ...ownConfig(item),
    eventId,
    timeoutMs,
    deadlineAt: context.at + timeoutMs,
    ...(timeoutUrl === undefined ? {} : { timeoutUrl }),
  }));
}

function invokeRequested(command: SubmitCommand, item: InvokeSubmission, context: CommandContext): RunEvent {
  const { child } = item;
  return event('InvokeRequested', (bodies) => ({
    ...addressOf(item),
    step: item.step,
    stepText: stepTextOf(command, item),
    ...ownConfig(item),
    child: {
      ...messageData(command, child, context, bodies),
      runId: child.runId,
      config: child.config,
      callerIp: child.callerIp,
    },
  }));
}

type Logged = Submission | ChildStart;

function messageData(command: SubmitCommand, item: Logged, context: CommandContext, bodies: EventBodies): MessageData {
  const notBeforeMs = item.notBeforeMs ?? (item.delayMs === undefined ? undefined : context.at + item.delayMs);
  return {
    ...addressOf(item),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    body: bodies.store(command.bodies[item.body] ?? new Uint8Array()),
  };
}

function addressOf(item: Logged): Omit<MessageData, 'body' | 'notBeforeMs'> {
  const { messageId, destination, workflowUrl, method, contentType, forwards, features } = item;
  return {
    messageId,
    destination,
    workflowUrl,
    method,
    ...(contentType === undefined ? {} : { contentType }),
    forwards,
    features,
  };
}

function ownConfig(item: { readonly features: readonly string[]; readonly config: TriggerConfig }): {
  readonly config?: TriggerConfig;
} {
  return item.features.includes(TRIGGER_ON_CONFIG) ? {} : { config: item.config };
}

/** A step's JSON is a few fields, and kept in the event; of one so large that it became a blob those that we know. */
function stepTextOf(command: SubmitCommand, item: WaitSubmission | InvokeSubmission): string {
  const body = command.bodies[item.body];
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : JSON.stringify(item.step);
}
