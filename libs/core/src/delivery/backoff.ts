import type { HeaderMap } from '../wire/headers';
import { retryAfterMs } from './retry-after';
import { compileRetryDelay } from './retry-delay.expression';

const MAX_BACKOFF_S = 86_400;

export interface RetrySituation {
  /** Retries already made of this message, 0 after its first attempt: the `retried` of protocol.md 9.3. */
  readonly retried: number;
  /** Of the attempt that failed, with lower-case names; empty when there was no response. */
  readonly responseHeaders: HeaderMap;
  /** The message's `Upstash-Retry-Delay`, as submitted. */
  readonly expression?: string | undefined;
  readonly nowMs: number;
}

/**
 * Milliseconds before the next attempt, 0 to one day, in the order of protocol.md 9.2: what the endpoint asked for, the
 * message's own expression, the default. An expression that doesn't compile was refused at submission; should one get here
 * all the same, the default applies.
 */
export function nextAttemptDelayMs(situation: RetrySituation): number {
  const askedForMs = retryAfterMs(situation.responseHeaders, situation.nowMs);
  if (askedForMs !== undefined) return askedForMs;
  if (situation.expression !== undefined) {
    const compiled = compileRetryDelay(situation.expression);
    if (compiled.ok) return compiled.delayMs(situation.retried);
  }
  return defaultBackoffMs(situation.retried + 1);
}

/** `min(86400, e^(2.5 n))` seconds, cut to whole ones, before the n-th retry: 12 s, 2m28s, 30m8s, 6h7m6s, then 24 h. */
export function defaultBackoffMs(retryNumber: number): number {
  return Math.floor(Math.min(MAX_BACKOFF_S, Math.exp(2.5 * retryNumber))) * 1_000;
}
