import { encodeBase64Text } from '../../wire/base64';
import { parseFlowControl } from '../../wire/publish-options';
import type { DeliverySettings } from '../../wire/submission';
import { DEFAULT_RETRIES, settingsOf } from '../attempt.decider';
import { deadLetterId } from '../dead-letter.decider';
import { askedHeaders, askedOfWorkflow } from '../dialects/upstash.headers';
import type { BodyPlace, Delivery, RunState } from '../run.state';
import { isPending } from '../run.state';
import { headerLists } from './header-lists';
import type { LogBodies } from './run-log';
import { CALLBACK_STATES, failureBodyPlace } from './run-log.view';

/*
 * One message of a run as the API shows it, while it is pending, and a failed run as a dead letter (protocol.md 13.2, 12). Times are
 * unix ms. Bodies are text where they are UTF-8, else base64.
 */

/** Undefined when nothing is pending under this id: delivered, dropped or unknown. */
export function messageOf(state: RunState, messageId: string, bodies: LogBodies): object | undefined {
  if (!isPending(state, messageId)) return undefined;
  const delivery = state.deliveries.get(messageId);
  if (delivery) return deliveryMessage(state, delivery, bodies);
  const request = state.waits.get(messageId) ?? state.invokes.get(messageId);
  if (!request) return undefined;
  const { destination: url, method, forwards, config } = request.data;
  return {
    messageId,
    url,
    method,
    header: bodies.headers(askedOfWorkflow(state, forwards)),
    notBefore: 'deadlineAt' in request.data ? request.data.deadlineAt : 0,
    createdAt: request.at,
    ...settingFields(config ?? state.start.config),
    ...runFields(state),
  };
}

function deliveryMessage(state: RunState, delivery: Delivery, bodies: LogBodies): object {
  const { messageId, url, method, phase, openedAt } = delivery;
  const call = state.calls.get(messageId);
  const source = state.entries[delivery.entry ?? -1] ?? call;
  const { failureCallback } = state.start.config;
  return {
    messageId,
    url,
    method,
    header: bodies.headers(askedHeaders(state, delivery)),
    ...(source ? bodyFields(bodies, 'body', source.place) : {}),
    notBefore: typeof phase === 'object' ? phase.waitingUntil : (source?.data.notBeforeMs ?? 0),
    createdAt: openedAt,
    ...(call ? { callback: call.data.callback.url } : {}),
    ...(call?.data.timeoutMs === undefined ? {} : { timeout: call.data.timeoutMs / 1_000 }),
    ...(delivery.kind === 'step' && failureCallback ? { failureCallback: failureCallback.url } : {}),
    ...settingFields(settingsOf(state, delivery)),
    ...runFields(state),
  };
}

/** A failed run that nobody has deleted or taken over; undefined for any other. */
export function deadLetterOf(state: RunState, bodies: LogBodies): object | undefined {
  const dlqId = deadLetterId(state);
  const { failure, start } = state;
  if (dlqId === undefined || !failure) return undefined;
  const { result, messageId, maxRetries } = failure.data;
  return {
    dlqId,
    messageId,
    url: start.destination,
    method: start.method,
    header: bodies.headers(start.config.forwards),
    ...bodyFields(bodies, 'body', state.entries[0]?.place),
    notBefore: start.notBeforeMs ?? 0,
    createdAt: failure.at,
    ...settingFields(start.config),
    maxRetries,
    ...runFields(state),
    responseStatus: result.status ?? 0,
    responseHeader: headerLists(result.headers),
    ...bodyFields(bodies, 'responseBody', failureBodyPlace(state)),
    ...failureCallbackFields(state, bodies),
  };
}

function failureCallbackFields(state: RunState, bodies: LogBodies): object {
  const configured = state.start.config.failureCallback;
  if (!configured) return {};
  const { failureCallback } = state;
  const answer = failureCallback?.result;
  return {
    failureCallback: configured.url,
    failureCallbackHeader: bodies.headers(configured.forwards),
    ...(failureCallback && failureCallback.state !== 'not-defined'
      ? {
          failureCallbackInfo: {
            state: CALLBACK_STATES[failureCallback.state],
            ...(answer?.result.status === undefined ? {} : { responseStatus: answer.result.status }),
            ...(answer && failureCallback.state !== 'cancelled'
              ? { responseHeaders: headerLists(answer.result.headers) }
              : {}),
            ...bodies.field('responseBody', answer?.body),
          },
        }
      : {}),
  };
}

function settingFields({ retries, retryDelay, flowControlKey, flowControlValue }: DeliverySettings): object {
  const flow = flowControlKey === undefined ? undefined : parseFlowControl(flowControlKey, flowControlValue);
  const { parallelism, rate, periodMs } = flow?.ok ? flow.value : {};
  return {
    maxRetries: retries ?? DEFAULT_RETRIES,
    ...(retryDelay === undefined ? {} : { retryDelayExpression: retryDelay }),
    ...(flowControlKey === undefined ? {} : { flowControlKey }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(rate === undefined ? {} : { rate }),
    ...(periodMs === undefined ? {} : { period: periodMs / 1_000 }),
  };
}

function runFields({ runId, createdAt, start }: RunState): object {
  const { labels } = start.config;
  return {
    workflowRunId: runId,
    workflowCreatedAt: createdAt,
    workflowUrl: start.workflowUrl,
    ...(start.callerIp === '' ? {} : { callerIP: start.callerIp }),
    ...(labels.length > 0 ? { label: labels[0], labels } : {}),
  };
}

/** `{[name]: text}`, or `{[name]Base64: …}` where the bytes are no text. */
function bodyFields(bodies: LogBodies, name: string, place: BodyPlace | undefined): object {
  const bytes = place && bodies.bytes(place);
  if (!bytes || isText(bytes)) return bodies.field(name, place);
  return bodies.value(`${name}Base64`, encodeBase64Text(bytes));
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Where any body lies that these views, or the run's log, may show; for whoever reads them beforehand. */
export function shownPlaces(state: RunState): BodyPlace[] {
  const places = [
    ...state.entries.map(({ place }) => place),
    ...[...state.calls.values()].flatMap(({ place, answer }) => [place, answer?.body]),
    ...[...state.invokes.values()].map(({ childPlace }) => childPlace),
    ...[...state.failures.values()].flat().map(({ body }) => body),
    state.result,
    state.failureCallback?.result?.body,
    failureBodyPlace(state),
  ];
  return places.filter((place) => place !== undefined);
}
