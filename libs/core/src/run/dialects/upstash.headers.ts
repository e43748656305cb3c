import type { HeaderList } from '../../wire/submission';
import type { Delivery, RunState } from '../run.state';

/*
 * Headers of what is sent for a run (protocol.md 3.1, 5.2, 8.3, 9.4). Signature, user agent and content length are added by the
 * caller.
 *
 * 1. Later names win over earlier ones, so the server's own come last and can't be forged by a forward (2.5).
 * 2. The user's own headers of the trigger go on everything that is sent to the user's endpoints, failure callback included: each
 *    of them runs the user's authentication. Nothing of the run goes to a third party.
 * 3. `upstash-` headers of the trigger go on its first delivery alone; re-applied, the unknown-SDK flag would loop for ever (5.5).
 *    That flag goes on nothing else either, however it is asked for: whatever carries it is taken for the start of a run.
 */

const JSON_TYPE = 'application/json';
/** On a step delivery, and never on a callback: by its absence the client tells one from the other (8.3). */
const SDK_VERSION = 'upstash-workflow-sdk-version';
/** Asks the library at the endpoint to continue the start itself. */
export const UNKNOWN_SDK_HEADER = 'upstash-workflow-unknown-sdk';

/** The library forwards all that it received, the question included: asked with it again it would answer for ever (5.5). */
export const withoutSdkQuestion = (headers: HeaderList): HeaderList =>
  headers.filter(([name]) => name !== UNKNOWN_SDK_HEADER);

/** Complete headers of the delivery's running attempt. */
export function deliveryHeaders(state: RunState, delivery: Delivery): HeaderList {
  const asked = askedHeaders(state, delivery);
  switch (delivery.kind) {
    case 'step': {
      const contentType = state.entries[delivery.entry ?? 0]?.data.contentType ?? JSON_TYPE;
      return merged(asked, runHeaders(state, delivery), [['content-type', contentType]]);
    }
    case 'callback':
    case 'failure':
      return merged(asked, runHeaders(state, delivery), [['content-type', JSON_TYPE]]);
    case 'call': {
      const contentType = state.calls.get(delivery.callMessageId ?? '')?.data.contentType;
      return merged(contentType === undefined ? [] : [['content-type', contentType]], asked);
    }
  }
}

/** Of these the ones that somebody asked for: the user, for the run or for this message, or the library (rules 2 and 3). */
export function askedHeaders(state: RunState, delivery: Delivery): HeaderList {
  const call = state.calls.get(delivery.callMessageId ?? '');
  switch (delivery.kind) {
    case 'step': {
      const entry = state.entries[delivery.entry ?? 0];
      const forwards = entry?.data.forwards ?? [];
      return entry?.index === 0
        ? merged(triggerForwards(state), startForwards(state, forwards))
        : askedOfWorkflow(state, forwards);
    }
    case 'callback': {
      const forwards = (call?.data.callback.forwards ?? []).filter(([name]) => name !== SDK_VERSION);
      return askedOfWorkflow(state, forwards);
    }
    case 'failure':
      return askedOfWorkflow(state, state.start.config.failureCallback?.forwards ?? []);
    case 'call':
      return merged(call?.data.forwards ?? []);
  }
}

/** What is asked for with everything but the start, these forwards of its own included (rules 2 and 3). */
export const askedOfWorkflow = (state: RunState, forwards: HeaderList): HeaderList =>
  merged(triggerForwards(state), withoutSdkQuestion(forwards));

/** Started over REST, by somebody who doesn't know which library answers, it asks; until one did (5.5). */
function startForwards({ start, isContinued }: RunState, forwards: HeaderList): HeaderList {
  if (start.restTrigger !== 'ask' || isContinued) return forwards;
  return [...forwards.filter(([name]) => name !== SDK_VERSION), [UNKNOWN_SDK_HEADER, 'true']];
}

/** Rule 3. */
function triggerForwards(state: RunState): HeaderList {
  return state.start.config.forwards.filter(([name]) => !name.startsWith('upstash-'));
}

function runHeaders(state: RunState, delivery: Delivery): HeaderList {
  const { labels } = state.start.config;
  return [
    ['upstash-message-id', delivery.messageId],
    ['upstash-retried', String(delivery.retried)],
    ['upstash-workflow-runid', state.runId],
    ['upstash-workflow-url', state.start.workflowUrl],
    ['upstash-workflow-createdat', String(state.createdAt)],
    ...(labels.length > 0 ? [['upstash-label', labels.join(',')] as const] : []),
    ...(state.start.callerIp === '' ? [] : [['upstash-caller-ip', state.start.callerIp] as const]),
  ];
}

function merged(...lists: readonly HeaderList[]): HeaderList {
  const headers = new Map<string, string>();
  for (const list of lists) for (const [name, value] of list) headers.set(name.toLowerCase(), value);
  return [...headers];
}
