/**
 * Durations as users write them: `10s 1m 30m 2h 1d 1w 1mo 1y`, `ms`, combined (`1d10h30m`), and a plain number, which means
 * seconds (protocol.md 2.3, 15). Delays, timeouts, sleeps and flow-control periods are all read by this one function.
 *
 * Decided here, because no source says it:
 * - a month is 30 days and a year 365: a duration is a length of time, and a length can't depend on when it begins;
 * - units are lower case only, since `M` would be a minute to one reader and a month to another;
 * - fractions are allowed in front of every unit (`1.5h`, as in Go), the sum is rounded to whole milliseconds;
 * - units may repeat and come in any order, as in Go; spaces only around the whole text.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
  mo: 30 * DAY_MS,
  y: 365 * DAY_MS,
};

const PLAIN_SECONDS = /^\d+(?:\.\d+)?$/;
/** Two-letter units first, so that `1mo` is a month and not a minute followed by rubbish. */
const PART = /(\d+(?:\.\d+)?)(ms|mo|s|m|h|d|w|y)/y;
/** Longer than any duration that fits into a safe integer, so that hostile text costs nothing. */
const MAX_LENGTH = 128;

/** Milliseconds of a duration text; `undefined` for whatever is not one, including more than a safe integer can hold. */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed.length === 0 || trimmed.length > MAX_LENGTH) return undefined;
  if (PLAIN_SECONDS.test(trimmed)) return wholeMs(Number(trimmed) * SECOND_MS);

  let totalMs = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < trimmed.length) {
    const part = PART.exec(trimmed);
    if (part === null) return undefined;
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? NaN);
  }
  return wholeMs(totalMs);
}

/** The text of a length of whole seconds (`90_000` gives `90s`), a part of a second counting as one. Read back by `parseDurationMs`. */
export function formatDuration(durationMs: number): string {
  return `${Math.ceil(durationMs / SECOND_MS)}s`;
}

function wholeMs(durationMs: number): number | undefined {
  const rounded = Math.round(durationMs);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
