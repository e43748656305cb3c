import type { DeliverySettings, StartSubmission, TriggerConfig } from '../wire/submission';
import { idInOtherRun } from '../wire/message-id';
import type { RunEvent, RunEventData, TakeOverOverrides } from './run.events';
import type { RunState } from './run.state';

/*
 * The run that takes over from a failed one (protocol.md 12).
 *
 * 1. *restart* is a start like any other, with the failed run's payload.
 * 2. *resume* copies what the failed run's log says was done or asked for, event by event, under the new run's ids; attempts and the
 *    failure itself are left behind, so what was pending when it failed is pending in the copy, with all its retries before it.
 * 3. Overrides replace what the failed run, and steps and callbacks of clients that repeat their configuration, were delivered with.
 *    Calls of third parties have settings of their own, and keep them.
 */

type TakenOver = RunEventData['RunTakenOver'];

/** The start that a restart makes; its body is the failed run's payload. */
export function restartOf(state: RunState, { successor, overrides }: TakenOver): StartSubmission {
  const { start } = state;
  const { notBeforeMs } = overrides;
  return {
    kind: 'start',
    messageId: idInOtherRun(start.messageId, successor),
    destination: start.destination,
    workflowUrl: start.workflowUrl,
    method: start.method,
    ...(start.contentType === undefined ? {} : { contentType: start.contentType }),
    forwards: start.forwards,
    features: start.features,
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    body: 0,
    config: configWith(start.config, overrides),
    callerIp: start.callerIp,
    ...restTriggerOf(state),
  };
}

/** Once the library has said which it is, it needn't be asked again. */
function restTriggerOf({ start, isContinued }: RunState): Pick<StartSubmission, 'restTrigger'> {
  if (start.restTrigger === undefined) return {};
  return { restTrigger: isContinued ? 'assume' : start.restTrigger };
}

/** The successor's copy of one of the failed run's events, bodies as they are; undefined for what is left behind. */
export function copiedEvent(event: RunEvent, failed: RunState, takenOver: TakenOver): RunEvent | undefined {
  const data = copiedData(event, failed, takenOver);
  return data && ({ type: event.type, data, bodies: event.bodies } as unknown as RunEvent);
}

function copiedData(
  event: RunEvent,
  failed: RunState,
  takenOver: TakenOver,
): RunEventData[RunEvent['type']] | undefined {
  const { successor, overrides } = takenOver;
  const own = (messageId: string): string => idInOtherRun(messageId, successor);
  const ownStep = <Data extends { readonly messageId: string; readonly config?: TriggerConfig }>(data: Data): Data => ({
    ...data,
    messageId: own(data.messageId),
    ...(data.config ? { config: configWith(data.config, overrides) } : {}),
  });
  switch (event.type) {
    case 'RunStarted': {
      const { invoker: _told, ...data } = event.data;
      const { how, startedAt } = takenOver;
      return {
        ...data,
        messageId: own(data.messageId),
        runId: successor,
        config: configWith(data.config, overrides),
        successorOf: { runId: failed.runId, how, startedAt },
      };
    }
    case 'StepPlanned':
    case 'StepRecorded':
    case 'WaitRequested':
      return ownStep(event.data);
    case 'InvokeRequested': {
      const invokedAt = failed.invokes.get(event.data.messageId)?.at;
      return { ...ownStep(event.data), ...(invokedAt === undefined ? {} : { invokedAt }) };
    }
    case 'CallRequested': {
      const { messageId, callback } = event.data;
      const settings = { ...callback.settings, ...settingsIn(overrides) };
      return { ...event.data, messageId: own(messageId), callback: { ...callback, settings } };
    }
    case 'CallAnswered': {
      const { messageId, callMessageId } = event.data;
      return { ...event.data, messageId: own(messageId), callMessageId: own(callMessageId) };
    }
    case 'DeliveriesSucceeded':
      return { messageIds: event.data.messageIds.map(own) };
    case 'StartContinued':
    case 'MailboxOpened':
      return event.data;
    case 'AttemptFailed':
    case 'AttemptDue':
    case 'RunFinished':
    case 'RunFailed':
    case 'RunCancelled':
    case 'FailureCallbackEnded':
    case 'FailureCallbackRequested':
    case 'DeadLetterDeleted':
    case 'RunTakenOver':
    case 'CopyCompleted':
      return undefined;
  }
}

/** The event with which a copy is whole. */
export function copyCompleted({ overrides: { notBeforeMs } }: TakenOver): RunEvent {
  return { type: 'CopyCompleted', data: notBeforeMs === undefined ? {} : { notBeforeMs }, bodies: [] };
}

/** Names of the blobs that an event's data refers to: they belong to one run, and have to be copied before it (L5). */
export function blobsIn(data: unknown): string[] {
  if (typeof data !== 'object' || data === null) return [];
  if ('blob' in data && typeof data.blob === 'string') return [data.blob];
  return Object.values(data).flatMap(blobsIn);
}

const FAILURE_FORWARDS = [
  ['upstash-workflow-is-failure', 'true'],
  ['upstash-workflow-failure-callback', 'true'],
] as const;

function settingsIn({ labels: _l, failureCallbackUrl: _f, notBeforeMs: _n, ...settings }: TakeOverOverrides) {
  return settings satisfies DeliverySettings;
}

function configWith(config: TriggerConfig, overrides: TakeOverOverrides): TriggerConfig {
  const { labels, failureCallbackUrl } = overrides;
  const callback = config.failureCallback ?? { url: '', forwards: [...FAILURE_FORWARDS, ...config.forwards] };
  return {
    ...config,
    ...settingsIn(overrides),
    ...(labels === undefined ? {} : { labels }),
    ...(failureCallbackUrl === undefined ? {} : { failureCallback: { ...callback, url: failureCallbackUrl } }),
  };
}
