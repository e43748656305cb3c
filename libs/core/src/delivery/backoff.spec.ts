import { parseDurationMs } from '../wire/duration';
import { defaultBackoffMs, nextAttemptDelayMs } from './backoff';

describe('defaultBackoffMs', () => {
  it.each([
    [1, '12s'],
    [2, '2m28s'],
    [3, '30m8s'],
    [4, '6h7m6s'],
    [5, '24h'],
    [6, '24h'],
    [1_000, '24h'],
  ])('before retry %p waits %p', (retryNumber, expected) => {
    expect(defaultBackoffMs(retryNumber)).toBe(parseDurationMs(expected));
  });
});

describe('nextAttemptDelayMs (protocol.md 9.2)', () => {
  const situation = { retried: 1, responseHeaders: {}, nowMs: 0 };

  it('obeys the endpoint first', () => {
    const responseHeaders = { 'retry-after': '7' };
    expect(nextAttemptDelayMs({ ...situation, responseHeaders, expression: '1000' })).toBe(7_000);
  });

  it('then the expression, which counts the retries already made', () => {
    expect(nextAttemptDelayMs({ ...situation, expression: 'pow(2, retried) * 1000' })).toBe(2_000);
    expect(nextAttemptDelayMs({ ...situation, retried: 0, expression: 'pow(2, retried) * 1000' })).toBe(1_000);
  });

  it('also when the endpoint asks for more than a day', () => {
    const responseHeaders = { 'retry-after': '86401' };
    expect(nextAttemptDelayMs({ ...situation, responseHeaders, expression: '5' })).toBe(5);
    expect(nextAttemptDelayMs({ ...situation, responseHeaders })).toBe(148_000);
  });

  it('then the default, whose first retry is number one', () => {
    expect(nextAttemptDelayMs({ ...situation, retried: 0 })).toBe(12_000);
    expect(nextAttemptDelayMs({ ...situation, retried: 0, expression: 'nonsense' })).toBe(12_000);
  });
});
