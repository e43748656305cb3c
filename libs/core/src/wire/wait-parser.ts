import { parseDestination } from './destination';
import { DAY_MS, parseDurationMs } from './duration';
import { EVENT_ID_FORM, isEventId } from './event-id';
import type { HeaderMap } from './headers';
import { headersInJson, parseJsonObject } from './json-value';
import type { OptionReader } from './option-reader';
import type { ParsedSubmission, SubmissionContext } from './parsed-submission';
import { isRunId, judged, refusal, RUN_ID_FORM } from './parsed-submission';
import type { WaitSubmission } from './submission';
import { readerOf, readMessageFields, readTriggerConfig } from './submission-settings';
import { parseOpenStep } from './submission-step';

/*
 * `context.waitForEvent` and `waitForWebhook` (protocol.md 8.4). The headers of the result's delivery are in the body, under
 * `timeoutHeaders`, also for when it doesn't time out; the request's own name the run for clients that don't repeat it there.
 */

export interface WaitInput {
  readonly eventId: string;
  /** Of the request. */
  readonly headers: HeaderMap;
  readonly body: string | Uint8Array;
}

const DEFAULT_TIMEOUT_MS = 7 * DAY_MS;

export function parseWait(input: WaitInput, context: SubmissionContext): ParsedSubmission {
  const json = parseJsonObject(input.body);
  if (json === undefined) return refusal('INVALID_JSON', 'the body of a wait must be a JSON object');
  const headers = headersInJson(json['timeoutHeaders']);
  if (headers === undefined) {
    return refusal('INVALID_BODY', 'timeoutHeaders must be an object of texts or lists of texts');
  }
  const runId = headers['upstash-workflow-runid'] ?? input.headers['upstash-workflow-runid'];
  if (runId === undefined || !isRunId(runId)) return refusal('INVALID_RUN_ID', RUN_ID_FORM);

  const reader = readerOf(headers);
  if (!isEventId(input.eventId)) reader.refuse('INVALID_EVENT_ID', EVENT_ID_FORM);
  const { url } = json;
  const fields = readMessageFields(reader, typeof url === 'string' ? url : '');
  const step = reader.take(parseOpenStep(json['step']));
  const timeoutMs = readTimeout(reader, json['timeout'], context.limits.maxDelayMs);
  const timeoutUrl = readTimeoutUrl(reader, json['timeoutUrl'] ?? undefined);
  if (fields === undefined || step === undefined) return judged([reader], runId, undefined);

  const submission: WaitSubmission = {
    kind: 'wait',
    messageId: context.messageIdIn(runId),
    ...fields,
    eventId: input.eventId,
    step: step.head,
    timeoutMs,
    ...(timeoutUrl === undefined || timeoutUrl === fields.destination ? {} : { timeoutUrl }),
    config: readTriggerConfig(reader, context.limits),
    body: 0,
  };
  return judged([reader], runId, submission, [step.json]);
}

function readTimeout(reader: OptionReader, timeout: unknown, maxMs: number): number {
  if (timeout === undefined || timeout === null || timeout === '') return DEFAULT_TIMEOUT_MS;
  const isText = typeof timeout === 'string' || typeof timeout === 'number';
  const timeoutMs = isText ? parseDurationMs(String(timeout)) : undefined;
  if (timeoutMs === undefined) {
    reader.refuse('INVALID_DURATION', 'timeout must be a duration, or a number of seconds');
  } else if (timeoutMs > maxMs) {
    reader.refuse('QUOTA_EXCEEDED', `at most ${Math.floor(maxMs / DAY_MS)} days of waiting are allowed here`);
  }
  return timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

function readTimeoutUrl(reader: OptionReader, url: unknown): string | undefined {
  if (url === undefined || url === '') return undefined;
  return reader.take(parseDestination(typeof url === 'string' ? url : ''));
}
