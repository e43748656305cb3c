import { nextAttemptDelayMs } from '../delivery/backoff';
import type { Addressee, AttemptVerdict } from '../delivery/outcome';
import { judgeAttempt } from '../delivery/outcome';
import type { ErrorCode } from '../rest/error-codes';
import { ERROR_CODES } from '../rest/error-codes';
import type { Done } from '../messages/catalogue';
import type { HeaderMap } from '../wire/headers';
import { derivedId, idInRun } from '../wire/message-id';
import type { DeliverySettings, HeaderList } from '../wire/submission';
import type { CommandContext, Decision, NewBody } from './decision';
import { already, event } from './decision';
import type { AnsweredSteps } from './answered-steps.decider';
import { takeSteps } from './answered-steps.decider';
import type { AttemptResult, RunEvent } from './run.events';
import type { Delivery, RunState } from './run.state';

/*
 * What an HTTP attempt's end means for the run (protocol.md 9, 8.3, 5.6; architecture.md L7, B4).
 *
 * 1. A report of an attempt that isn't running any more changes nothing: its delivery was completed by what it submitted, or the
 *    run has ended. That is how a delivery whose follow-up is stored counts as delivered, whatever its connection did afterwards.
 * 2. A 2xx of a delivery that owed a follow-up and has none is a failed attempt, NOTHING_FOLLOWED.
 * 3. A failing call never fails the run: its last answer, or the lack of one, goes to the callback with `retried = maxRetries`.
 * 4. Our own outage costs the user no retry, for an hour at most.
 * 5. What an answer to a step delivery submits is recorded with that delivery's success, or none of it is and the attempt has failed.
 */

/** How an HTTP attempt ended: with a `status` (an answer came), or with an `error` that says why there is none. */
export interface AttemptReport {
  readonly messageId: string;
  /** From 0, as in the work item. */
  readonly attempt: number;
  readonly status?: number;
  /** Of the answer, names in lower case. */
  readonly headers: HeaderList;
  readonly body?: NewBody;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  /** Of a step delivery that was answered 2xx, and with what it leads to. */
  readonly steps?: AnsweredSteps;
}

/** Protocol.md 9.2. */
export const DEFAULT_RETRIES = 3;
/** What is kept of a failed attempt's answer that another attempt follows. */
const KEPT_ANSWER_BYTES = 16 * 1024;
const OUTAGE_LIMIT_MS = 60 * 60 * 1000;
const OUTAGE_RETRY_MS = { least: 1_000, most: 30_000 };

/** Settings that the attempts of a delivery follow: the trigger's, unless the client repeats its own with each step (5.2). */
export function settingsOf(state: RunState, delivery: Delivery): DeliverySettings {
  switch (delivery.kind) {
    case 'failure':
      return state.start.config.failureCallback ?? {};
    case 'call':
      return state.calls.get(delivery.callMessageId ?? '')?.data.settings ?? {};
    case 'callback':
      return callbackSettings(state, delivery);
    case 'step': {
      const data = state.entries[delivery.entry ?? 0]?.data;
      return data?.config ?? state.start.config;
    }
  }
}

function callbackSettings(state: RunState, delivery: Delivery): DeliverySettings {
  const own = state.calls.get(delivery.callMessageId ?? '')?.data.callback.settings ?? {};
  return { ...state.start.config, ...own };
}

/** Failed attempts that a delivery survives. */
export const maxRetriesOf = (state: RunState, delivery: Delivery): number =>
  settingsOf(state, delivery).retries ?? DEFAULT_RETRIES;

/** Decides on the end of an attempt. Never refuses: who reports must be able to forget. */
export function reportAttempt(
  state: RunState | undefined,
  report: AttemptReport,
  context: CommandContext,
): Decision<Done> {
  const delivery = state?.deliveries.get(report.messageId);
  if (!state || delivery?.attempt !== report.attempt || delivery.phase !== 'sent') return already({});
  if (report.steps && delivery.kind === 'step') return answeredSteps(state, delivery, report, report.steps, context);
  const verdict = verdictOf(state, delivery, report);
  switch (verdict.kind) {
    case 'succeeded':
      return succeeded(state, delivery, report);
    case 'outage': {
      const outage = explained(report, { code: 'UNAVAILABLE', message: verdict.message });
      if (context.at - (delivery.outageSince ?? context.at) < OUTAGE_LIMIT_MS) {
        return again(delivery, outage, false, context.at + outageDelayMs(delivery, context.at));
      }
      return failedAttempt(state, delivery, outage, context);
    }
    case 'retry':
      return failedAttempt(state, delivery, explained(report, verdict), context);
    case 'fatal':
      return failedForGood(state, delivery, explained(report, verdict), context);
  }
}

/** Rule 5. Who answers so is a workflow endpoint: of a first delivery nothing else has to show it (protocol.md 5.6). */
function answeredSteps(
  state: RunState,
  delivery: Delivery,
  report: AttemptReport,
  steps: AnsweredSteps,
  context: CommandContext,
): Decision<Done> {
  const taken = takeSteps(state, delivery, steps, context);
  if (!('refused' in taken)) return taken;
  const { refused: code, message } = taken;
  return failedAttempt(state, delivery, { ...report, error: { code, message } }, context);
}

function verdictOf(state: RunState, delivery: Delivery, report: AttemptReport): AttemptVerdict {
  if (report.error?.code === 'UNAVAILABLE') return { kind: 'outage', message: report.error.message };
  if (report.error) return { kind: 'retry', ...report.error };
  const { status = 0, headers } = report;
  const body = report.body instanceof Uint8Array ? report.body : new Uint8Array();
  const verdict = judgeAttempt(
    { answered: true, status, headers: headerMapOf(headers), body },
    addresseeOf(state, delivery),
  );
  if (verdict.kind !== 'succeeded' || !delivery.owesFollowUp) return verdict;
  return { kind: 'retry', code: 'NOTHING_FOLLOWED', message: ERROR_CODES.NOTHING_FOLLOWED.message };
}

function addresseeOf(state: RunState, delivery: Delivery): Addressee {
  if (delivery.kind === 'call') return 'elsewhere';
  if (delivery.entry === 0 && state.start.restTrigger !== undefined) return 'workflow-start-by-rest';
  // `failureUrl` may be any HTTP handler (9.4): only the workflow itself is believed when it speaks of us.
  if (delivery.kind === 'failure' && delivery.url !== state.start.workflowUrl) return 'elsewhere';
  return delivery.entry === 0 && state.start.features.includes('WF_DetectTrigger') ? 'workflow-start' : 'workflow';
}

/** The answer itself tells most; the code is added where it doesn't. */
function explained(
  report: AttemptReport,
  verdict: { readonly code: ErrorCode; readonly message: string },
): AttemptReport {
  if (report.error || verdict.code === 'HTTP_ERROR') return report;
  return { ...report, error: { code: verdict.code, message: verdict.message } };
}

function headerMapOf(headers: HeaderList): HeaderMap {
  return Object.fromEntries(headers);
}

function succeeded(state: RunState, delivery: Delivery, report: AttemptReport): Decision<Done> {
  switch (delivery.kind) {
    case 'step':
    case 'callback':
      return { accepted: [], answer: {}, succeeded: [delivery.messageId] };
    case 'call':
      return { accepted: [callAnswered(state, delivery, report, delivery.retried)], answer: {} };
    case 'failure': {
      const undefinedThere = report.headers.some(([name]) => name === 'upstash-workflow-failure-callback-notfound');
      return {
        accepted: [failureCallbackEnded(delivery, report, undefinedThere ? 'not-defined' : 'succeeded')],
        answer: {},
      };
    }
  }
}

function failedAttempt(
  state: RunState,
  delivery: Delivery,
  report: AttemptReport,
  context: CommandContext,
): Decision<Done> {
  if (delivery.retried >= maxRetriesOf(state, delivery)) return failedForGood(state, delivery, report, context);
  const { retryDelay } = settingsOf(state, delivery);
  const delayMs = nextAttemptDelayMs({
    retried: delivery.retried,
    responseHeaders: headerMapOf(report.headers),
    ...(retryDelay === undefined ? {} : { expression: retryDelay }),
    nowMs: context.at,
  });
  return again(delivery, report, true, context.at + delayMs);
}

function again(delivery: Delivery, report: AttemptReport, counted: boolean, nextAttemptAt: number): Decision<Done> {
  const { messageId, attempt } = delivery;
  const accepted = event('AttemptFailed', (bodies) => ({
    messageId,
    attempt,
    counted,
    nextAttemptAt,
    result: resultOf(report, (body) => bodies.store(shortened(body))),
  }));
  return { accepted: [accepted], answer: {} };
}

function failedForGood(
  state: RunState,
  delivery: Delivery,
  report: AttemptReport,
  context: CommandContext,
): Decision<Done> {
  switch (delivery.kind) {
    case 'call':
      return { accepted: [callAnswered(state, delivery, report, maxRetriesOf(state, delivery))], answer: {} };
    case 'failure':
      return { accepted: [failureCallbackEnded(delivery, report, 'failed')], answer: {} };
    case 'step':
    case 'callback': {
      const failed = event('RunFailed', (bodies) => ({
        messageId: delivery.messageId,
        result: resultOf(withText(report), (body) => bodies.store(body)),
        retried: delivery.retried,
        maxRetries: maxRetriesOf(state, delivery),
        dlqId: idInRun('dlq', context.seed, state.runId),
        ...(state.start.config.failureCallback ? { failureMessageId: idInRun('msg', context.seed, state.runId) } : {}),
      }));
      return { accepted: [failed], answer: {} };
    }
  }
}

function callAnswered(state: RunState, delivery: Delivery, report: AttemptReport, retried: number): RunEvent {
  return event('CallAnswered', (bodies) => ({
    messageId: derivedId(delivery.messageId, 'callback'),
    callMessageId: delivery.messageId,
    result: resultOf(withText(report), (body) => bodies.store(body)),
    retried,
    maxRetries: maxRetriesOf(state, delivery),
  }));
}

function failureCallbackEnded(
  delivery: Delivery,
  report: AttemptReport,
  state: 'succeeded' | 'failed' | 'not-defined',
): RunEvent {
  return event('FailureCallbackEnded', (bodies) => ({
    messageId: delivery.messageId,
    state,
    result: resultOf(report, (body) => bodies.store(shortened(body))),
    isListed: true,
  }));
}

/** A timer asks for the attempt it was set for (T2): not before its time in the stream, and once. */
export function attemptDue(
  state: RunState | undefined,
  key: { readonly messageId: string; readonly attempt: number },
  context: CommandContext,
): Decision<{ readonly done: true } | { readonly notYetMs: number }> {
  const delivery = state?.deliveries.get(key.messageId);
  if (delivery?.attempt !== key.attempt || typeof delivery.phase !== 'object') return already({ done: true });
  const notYetMs = delivery.phase.waitingUntil - context.at;
  if (notYetMs > 0) return already({ notYetMs });
  const { messageId, attempt } = key;
  return { accepted: [event('AttemptDue', () => ({ messageId, attempt }))], answer: { done: true } };
}

/** H2: is this attempt still to be made? */
export function isWanted(
  state: RunState | undefined,
  key: { readonly messageId: string; readonly attempt: number },
): boolean {
  const delivery = state?.deliveries.get(key.messageId);
  return delivery?.phase === 'sent' && delivery.attempt === key.attempt;
}

function outageDelayMs(delivery: Delivery, at: number): number {
  const lastedMs = at - (delivery.outageSince ?? at);
  return Math.min(OUTAGE_RETRY_MS.most, Math.max(OUTAGE_RETRY_MS.least, Math.round(lastedMs / 2)));
}

function resultOf(report: AttemptReport, store: (body: NewBody) => AttemptResult['body']): AttemptResult {
  const body = report.body && store(report.body);
  return {
    ...(report.status === undefined ? {} : { status: report.status }),
    headers: report.headers,
    ...(body ? { body } : {}),
    ...(report.error ? { error: report.error } : {}),
  };
}

/** Where no answer came there is still something to read: the client shows `message` to a failure function (9.4). */
function withText(report: AttemptReport): AttemptReport {
  if (report.body || !report.error) return report;
  const { code, message } = report.error;
  return { ...report, body: new TextEncoder().encode(JSON.stringify({ error: code, message })) };
}

/** What a later attempt overtakes is kept for the log's sake only: a blob stays a blob, bytes are cut. */
function shortened(body: NewBody): NewBody {
  return body instanceof Uint8Array && body.byteLength > KEPT_ANSWER_BYTES ? body.slice(0, KEPT_ANSWER_BYTES) : body;
}
