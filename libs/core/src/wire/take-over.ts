import type { TakeOverOverrides } from '../run/run.events';
import type { HeaderMap } from './headers';
import type { OptionProblem, Parsed } from './publish-options';
import { parseLabels } from './publish-options';
import type { SubmissionLimits } from './submission-settings';
import { readDeliverySettings, readerOf, readFailureCallbackUrl, readTiming } from './submission-settings';

/** All that it can be refused for. */
export const TAKE_OVER_PROBLEMS = [
  'INVALID_HEADER',
  'INVALID_DURATION',
  'INVALID_RETRY_DELAY',
  'INVALID_FLOW_CONTROL',
  'INVALID_LABEL',
  'INVALID_DESTINATION',
  'QUOTA_EXCEEDED',
] as const satisfies readonly OptionProblem['code'][];

/** What a resume or restart is to do differently from the run that failed, from the request's headers (protocol.md 12). */
export function parseTakeOver(
  headers: HeaderMap,
  { nowMs, limits }: { readonly nowMs: number; readonly limits: SubmissionLimits },
): Parsed<TakeOverOverrides> {
  const reader = readerOf(headers);
  const labels = reader.read('upstash-label', parseLabels);
  const failureCallbackUrl = readFailureCallbackUrl(reader);
  const { delayMs, notBeforeMs = delayMs === undefined ? undefined : nowMs + delayMs } = readTiming(
    reader,
    nowMs,
    limits,
  );
  const value: TakeOverOverrides = {
    ...readDeliverySettings(reader, 'upstash-', limits),
    ...(labels === undefined ? {} : { labels }),
    ...(failureCallbackUrl === undefined ? {} : { failureCallbackUrl }),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
  };
  return reader.problem === undefined ? { ok: true, value } : { ok: false, problem: reader.problem };
}
