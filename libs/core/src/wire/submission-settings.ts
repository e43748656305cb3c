import { DAY_MS } from './duration';
import { deliverableForwards, forwardsOf, headersUnder, triggerConfigForwards } from './headers';
import type { HeaderMap } from './headers';
import type { OptionReader } from './option-reader';
import { parseDestination } from './destination';
import {
  parseDelay,
  parseFlowControl,
  parseLabels,
  parseNotBefore,
  parseRedactFields,
  parseRetries,
  parseRetryDelay,
} from './publish-options';
import type { DeliverySettings, FailureCallbackSettings, HeaderList, TriggerConfig } from './submission';

/** The operator's policy; what exceeds it is answered 412, which fails a run for good instead of trying again (protocol.md 7.4). */
export interface SubmissionLimits {
  readonly maxRetries: number;
  readonly maxDelayMs: number;
}

export const DEFAULT_SUBMISSION_LIMITS: SubmissionLimits = { maxRetries: 100, maxDelayMs: 366 * DAY_MS };

const FAILURE_CALLBACK = 'upstash-failure-callback';

/** Retries, their delay and flow control under one prefix: `upstash-`, `upstash-callback-`, `upstash-failure-callback-`. */
export function readDeliverySettings(reader: OptionReader, prefix: string, limits: SubmissionLimits): DeliverySettings {
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
  const failureCallback = readFailureCallback(reader, limits);
  return {
    ...readDeliverySettings(reader, 'upstash-', limits),
    forwards: headerList(triggerConfigForwards(forwardsOf(reader.headers))),
    labels: reader.read('upstash-label', parseLabels) ?? [],
    ...(redact === undefined ? {} : { redact }),
    ...(failureCallback === undefined ? {} : { failureCallback }),
  };
}

/** Of the many `Upstash-Failure-Callback-*` headers only forwards are for the endpoint; run id, url and feature set are ours. */
function readFailureCallback(reader: OptionReader, limits: SubmissionLimits): FailureCallbackSettings | undefined {
  const url = reader.read(FAILURE_CALLBACK, parseDestination);
  if (url === undefined) return undefined;
  return {
    ...readDeliverySettings(reader, `${FAILURE_CALLBACK}-`, limits),
    url,
    forwards: headerList(deliverableForwards(headersUnder(reader.headers, `${FAILURE_CALLBACK}-forward-`))),
  };
}

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
