import { DAY_MS } from './duration';
import { deliverableForwards, headerProblem, headersUnder, triggerConfigForwards } from './headers';
import type { HeaderMap } from './headers';
import { OptionReader } from './option-reader';
import { parseCron } from './cron';
import { parseDestination } from './destination';
import {
  parseDelay,
  parseFlowControl,
  parseLabels,
  parseMethod,
  parseNotBefore,
  parseRedactFields,
  parseRetries,
  parseRetryDelay,
} from './publish-options';
import type { DeliverySettings, FailureCallbackSettings, HeaderList, MessageFields, TriggerConfig } from './submission';

/** The operator's policy; what exceeds it is answered 412, which fails a run for good instead of trying again (protocol.md 7.4). */
export interface SubmissionLimits {
  readonly maxRetries: number;
  readonly maxDelayMs: number;
  /** How many runs may invoke each other in a row (protocol.md 8.7). */
  readonly maxInvokeDepth: number;
}

export const DEFAULT_SUBMISSION_LIMITS: SubmissionLimits = {
  maxRetries: 100,
  maxDelayMs: 366 * DAY_MS,
  maxInvokeDepth: 100,
};

const FAILURE_CALLBACK = 'upstash-failure-callback';

/** Over headers of which each can be sent again; what can't is the first problem. */
export function readerOf(headers: HeaderMap): OptionReader {
  const reader = new OptionReader(headers);
  const problem = headerProblem(headers);
  if (problem !== undefined) reader.refuse('INVALID_HEADER', problem);
  return reader;
}

/** What every message says of its delivery; undefined when there is no telling where to. */
export function readMessageFields(reader: OptionReader, destination: string): MessageFields | undefined {
  const url = reader.take(parseDestination(destination));
  if (url === undefined) return undefined;
  const contentType = reader.text('content-type');
  return {
    destination: url,
    workflowUrl: reader.read('upstash-workflow-url', parseDestination) ?? url,
    method: reader.read('upstash-method', parseMethod) ?? 'POST',
    ...(contentType === undefined ? {} : { contentType }),
    forwards: headerList(deliverableForwards(reader.forwards)),
    features: listOf(reader.text('upstash-feature-set')),
  };
}

/** Started at once and once only, a run that was meant to be started again and again would be lost unnoticed. */
export function refuseSchedule(reader: OptionReader): void {
  if (reader.read('upstash-cron', parseCron) !== undefined) reader.refuseUnsupported('schedules (Upstash-Cron)');
}

type SettingsPrefix = 'upstash-' | 'upstash-callback-' | 'upstash-failure-callback-';

/** Retries, their delay and flow control under one prefix. */
export function readDeliverySettings(
  reader: OptionReader,
  prefix: SettingsPrefix,
  limits: SubmissionLimits,
): DeliverySettings {
  const retries = reader.read(`${prefix}retries`, parseRetries);
  if (retries !== undefined && retries > limits.maxRetries) {
    reader.refuse('QUOTA_EXCEEDED', `at most ${limits.maxRetries} retries are allowed here, not ${retries}`);
  }
  const retryDelay = reader.read(`${prefix}retry-delay`, parseRetryDelay);
  const flowControlKey = reader.text(`${prefix}flow-control-key`);
  const flowControlValue = reader.text(`${prefix}flow-control-value`);
  if (flowControlKey !== undefined || flowControlValue !== undefined) {
    reader.take(parseFlowControl(flowControlKey, flowControlValue));
  }
  return {
    ...(retries === undefined ? {} : { retries }),
    ...(retryDelay === undefined ? {} : { retryDelay }),
    ...(flowControlKey === undefined ? {} : { flowControlKey }),
    ...(flowControlValue === undefined ? {} : { flowControlValue }),
  };
}

/** What of a submission goes on for the rest of the run (protocol.md 5.2). */
export function readTriggerConfig(reader: OptionReader, limits: SubmissionLimits): TriggerConfig {
  reader.read('upstash-redact-fields', parseRedactFields);
  const redact = reader.text('upstash-redact-fields');
  const failureUrl = readFailureCallbackUrl(reader);
  return {
    ...readDeliverySettings(reader, 'upstash-', limits),
    forwards: headerList(triggerConfigForwards(reader.forwards)),
    labels: reader.read('upstash-label', parseLabels) ?? [],
    ...(redact === undefined ? {} : { redact }),
    ...(failureUrl === undefined ? {} : { failureCallback: readFailureCallback(reader, limits, failureUrl) }),
  };
}

/** Of the many `Upstash-Failure-Callback-*` headers only forwards are for the endpoint; run id, url and feature set are ours. */
export function readFailureCallback(
  reader: OptionReader,
  limits: SubmissionLimits,
  url: string,
): FailureCallbackSettings {
  return {
    ...readDeliverySettings(reader, `${FAILURE_CALLBACK}-`, limits),
    url,
    forwards: headerList(deliverableForwards(headersUnder(reader.headers, `${FAILURE_CALLBACK}-forward-`))),
  };
}

export const readFailureCallbackUrl = (reader: OptionReader): string | undefined =>
  reader.read(FAILURE_CALLBACK, parseDestination);

/** When it may be delivered at the earliest: `Upstash-Not-Before` wins over `Upstash-Delay` (protocol.md 2.3). */
export function readTiming(
  reader: OptionReader,
  nowMs: number,
  limits: SubmissionLimits,
): { readonly delayMs?: number; readonly notBeforeMs?: number } {
  const delayMs = reader.read('upstash-delay', parseDelay);
  const notBeforeMs = reader.read('upstash-not-before', (text) => parseNotBefore(text, nowMs));
  if (Math.max(delayMs ?? 0, (notBeforeMs ?? nowMs) - nowMs) > limits.maxDelayMs) {
    reader.refuse('QUOTA_EXCEEDED', `at most ${Math.floor(limits.maxDelayMs / DAY_MS)} days of delay are allowed here`);
  }
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
  };
}

export const headerList = (headers: HeaderMap): HeaderList => Object.entries(headers);

const listOf = (text: string | undefined): readonly string[] =>
  text === undefined
    ? []
    : text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
