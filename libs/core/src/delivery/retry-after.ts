import type { HeaderMap } from '../wire/headers';
import { DAY_MS } from '../wire/duration';

/**
 * When an endpoint itself says how long to wait (protocol.md 9.2).
 *
 * `X-RateLimit-Reset` has no standard: some services send the seconds that remain (the hosted service's own documentation
 * reads it so), others, GitHub and Twitter among them, the moment as a unix timestamp. A number of seconds that large would be
 * over thirty years, so the two can't be mistaken for each other: from 10^9 on it is a moment in seconds, from 10^12 on in
 * milliseconds. `Retry-After` is standardised and never read so.
 */

interface DelayHeader {
  readonly name: string;
  readonly mayBeMoment: boolean;
}

/** In order of priority. */
const DELAY_HEADERS: readonly DelayHeader[] = [
  { name: 'retry-after', mayBeMoment: false },
  { name: 'x-ratelimit-reset', mayBeMoment: true },
  { name: 'x-ratelimit-reset-requests', mayBeMoment: true },
  { name: 'x-ratelimit-reset-tokens', mayBeMoment: true },
];

const FIRST_MOMENT_S = 1e9;
const FIRST_MOMENT_MS = 1e12;
const MAX_LENGTH = 128;

/**
 * Milliseconds to wait by the response headers (lower-case names). A header that can't be read gives way to the next; a moment
 * already past is 0; more than one day is `undefined`, like no header at all, and the caller falls back to its own backoff.
 */
export function retryAfterMs(headers: HeaderMap, nowMs: number): number | undefined {
  for (const { name, mayBeMoment } of DELAY_HEADERS) {
    const delayMs = delayOf(headers[name]?.trim() ?? '', mayBeMoment, nowMs);
    if (delayMs !== undefined) return delayMs <= DAY_MS ? delayMs : undefined;
  }
  return undefined;
}

function delayOf(text: string, mayBeMoment: boolean, nowMs: number): number | undefined {
  if (text.length === 0 || text.length > MAX_LENGTH) return undefined;
  return numberDelayMs(text, mayBeMoment, nowMs) ?? goDurationMs(text) ?? dateDelayMs(text, nowMs);
}

/** Whole seconds by the documentation; a fraction is what some rate limiters send, and means what it says. */
function numberDelayMs(text: string, mayBeMoment: boolean, nowMs: number): number | undefined {
  if (!/^\d+(?:\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  if (mayBeMoment && value >= FIRST_MOMENT_MS) return delayUntilMs(value, nowMs);
  if (mayBeMoment && value >= FIRST_MOMENT_S) return delayUntilMs(value * 1_000, nowMs);
  return Math.ceil(value * 1_000);
}

const GO_UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // Both code points that look like it, as in Go.
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's `time.ParseDuration` for positive values: `6m5s`, `1.5h`, `300ms`; rounded up to milliseconds, never early. */
function goDurationMs(text: string): number | undefined {
  const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
  let totalMs = 0;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    if (found === null) return undefined;
    totalMs += Number(found[1]) * (GO_UNIT_MS[found[2] ?? ''] ?? NaN);
  }
  // Without the allowance, 4.03s would come out as 4,031 ms.
  return Math.ceil(totalMs - 1e-7);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const RFC_1123 =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|([+-])(\d\d)(\d\d))$/;

/** The weekday isn't compared with the date: the hosted service's own example has a wrong one. */
function dateDelayMs(text: string, nowMs: number): number | undefined {
  const found = RFC_1123.exec(text);
  if (found === null) return undefined;
  const [day, year, hour, minute, second] = [found[1], found[3], found[4], found[5], found[6]].map(Number);
  const month = MONTHS.indexOf(found[2] ?? '');
  if (day === undefined || year === undefined || hour === undefined || minute === undefined || second === undefined) {
    return undefined;
  }
  // 60 is a leap second. A day that doesn't exist would roll over into the next month.
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) return undefined;
  const zoneMinutes = (found[7] === '-' ? -1 : 1) * (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0));
  return delayUntilMs(Date.UTC(year, month, day, hour, minute, second) - zoneMinutes * 60_000, nowMs);
}

function delayUntilMs(momentMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil(momentMs - nowMs));
}
