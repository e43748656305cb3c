import fc from 'fast-check';
import { DAY_MS, formatDuration, parseDurationMs } from './duration';

describe('parseDurationMs', () => {
  it.each([
    ['10s', 10_000],
    ['1m', 60_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1d', DAY_MS],
    ['1w', 7 * DAY_MS],
    ['1mo', 30 * DAY_MS],
    ['1y', 365 * DAY_MS],
    ['250ms', 250],
    ['1d10h30m', DAY_MS + 10 * 3_600_000 + 30 * 60_000],
    ['1mo1m1ms', 30 * DAY_MS + 60_001],
    ['30', 30_000],
    ['0', 0],
    ['0s', 0],
    ['1.5h', 5_400_000],
    ['0.5', 500],
    ['1.1s', 1_100],
    ['  10s\t', 10_000],
    ['1h1h', 7_200_000],
  ])('reads %p as %p ms', (text, expectedMs) => {
    expect(parseDurationMs(text)).toBe(expectedMs);
  });

  it.each([
    '',
    ' ',
    '-1s',
    '-1',
    '+1s',
    's',
    '1 0s',
    '1d 10h',
    '10S',
    '1M',
    '1d10',
    '10x',
    '1e3s',
    'NaN',
    'Infinity',
    '.5s',
    '5.s',
    '1.2.3s',
    '1min',
    '1000000000y',
    '9'.repeat(40),
    '9'.repeat(400) + 's',
    '__proto__',
    '1constructor',
    '10s\n1s',
  ])('refuses %p', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it('is total: any text gives undefined or a whole, safe, non-negative number', () => {
    const nearMiss = fc.stringMatching(/^[ \d.smhdwyo-]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearMiss), (text) => {
        const durationMs = parseDurationMs(text);
        return durationMs === undefined || (Number.isSafeInteger(durationMs) && durationMs >= 0);
      }),
    );
  });

  it('adds up its parts', () => {
    const part = fc.tuple(fc.nat(5_000), fc.constantFrom('ms', 's', 'm', 'h', 'd', 'w', 'mo', 'y'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const alone = parts.map(([count, unit]) => parseDurationMs(`${count}${unit}`) ?? NaN);
        const together = parseDurationMs(parts.map(([count, unit]) => `${count}${unit}`).join(''));
        expect(together).toBe(alone.reduce((sum, durationMs) => sum + durationMs, 0));
      }),
    );
  });
});

describe('formatDuration', () => {
  it('is read back', () => {
    expect(formatDuration(90_000)).toBe('90s');
    expect(formatDuration(1_500)).toBe('2s');
    fc.assert(fc.property(fc.nat(), (seconds) => parseDurationMs(formatDuration(seconds * 1_000)) === seconds * 1_000));
  });
});
