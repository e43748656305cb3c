import fc from 'fast-check';
import { retryAfterMs } from './retry-after';

const NOW_MS = Date.UTC(2024, 5, 27, 12, 0, 0);
const DAY_MS = 86_400_000;

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['10', 10_000],
    ['1.5', 1_500],
    ['10s', 10_000],
    ['6m5s', 365_000],
    ['1h', 3_600_000],
    ['4.03s', 4_030],
    ['300ms', 300],
    ['500us', 1],
    ['2000\u00b5s', 2],
    ['2000\u03bcs', 2],
    ['1000000ns', 1],
    ['1m0.5s', 60_500],
    [' 10 ', 10_000],
    ['86400', DAY_MS],
    ['24h', DAY_MS],
    ['Thu, 27 Jun 2024 12:16:24 GMT', 984_000],
    ['Sun, 27 Jun 2024 12:16:24 GMT', 984_000],
    ['Thu, 27 Jun 2024 14:00:10 +0200', 10_000],
    ['Thu, 27 Jun 2024 11:59:59 GMT', 0],
    ['Tue, 01 Jan 1980 00:00:00 UTC', 0],
  ])('Retry-After: %p waits %p ms', (value, expectedMs) => {
    expect(retryAfterMs({ 'retry-after': value }, NOW_MS)).toBe(expectedMs);
  });

  it.each([
    '',
    'soon',
    '-5',
    '10 s',
    '5d',
    '6m5',
    '1e3',
    'NaN',
    'Fri, 30 Feb 2024 12:00:00 GMT',
    'Thu, 27 Jux 2024 12:00:00 GMT',
    'Thu, 27 Jun 2024 25:00:00 GMT',
    '2024-06-27T12:16:24Z',
    '86401',
    '25h',
    'Sat, 29 Jun 2024 12:00:01 GMT',
    '1719489600',
    '9'.repeat(500),
  ])('Retry-After: %p gives no delay', (value) => {
    expect(retryAfterMs({ 'retry-after': value }, NOW_MS)).toBeUndefined();
  });

  it('asks the headers in order of priority, passing over what it cannot read', () => {
    const all = {
      'x-ratelimit-reset-tokens': '4',
      'x-ratelimit-reset-requests': '3',
      'x-ratelimit-reset': '2',
      'retry-after': '1',
    };
    expect(retryAfterMs(all, NOW_MS)).toBe(1_000);
    expect(retryAfterMs({ ...all, 'retry-after': 'soon' }, NOW_MS)).toBe(2_000);
    expect(retryAfterMs({ 'x-ratelimit-reset-tokens': '4s', 'x-ratelimit-reset-requests': '6m0s' }, NOW_MS)).toBe(
      360_000,
    );
    expect(retryAfterMs({ 'x-ratelimit-reset-tokens': '4' }, NOW_MS)).toBe(4_000);
    expect(retryAfterMs({}, NOW_MS)).toBeUndefined();
  });

  it('falls back when the first readable header asks for more than a day', () => {
    expect(retryAfterMs({ 'retry-after': '90000', 'x-ratelimit-reset': '5' }, NOW_MS)).toBeUndefined();
  });

  it('reads a unix timestamp in X-RateLimit-Reset, in seconds and milliseconds', () => {
    expect(retryAfterMs({ 'x-ratelimit-reset': String(NOW_MS / 1_000 + 30) }, NOW_MS)).toBe(30_000);
    expect(retryAfterMs({ 'x-ratelimit-reset': String(NOW_MS + 1_500) }, NOW_MS)).toBe(1_500);
    expect(retryAfterMs({ 'x-ratelimit-reset': String(NOW_MS / 1_000 - 30) }, NOW_MS)).toBe(0);
    expect(retryAfterMs({ 'x-ratelimit-reset': String(NOW_MS / 1_000 + 90_000) }, NOW_MS)).toBeUndefined();
  });

  it('is total', () => {
    const nearMiss = fc.stringMatching(/^[\d.hmsnu\u00b5 :,+GMTJan]{0,30}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearMiss), fc.nat(), (value, nowMs) => {
        const delayMs = retryAfterMs({ 'x-ratelimit-reset': value }, nowMs);
        return delayMs === undefined || (Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= DAY_MS);
      }),
      { numRuns: 1_000 },
    );
  });
});
