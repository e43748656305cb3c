import fc from 'fast-check';
import { toHeaderMap } from './headers';
import { DEFAULT_SUBMISSION_LIMITS } from './submission-settings';
import { parseTakeOver } from './take-over';

const NOW_MS = 1_800_000_000_000;
const parse = (headers: Record<string, string>) =>
  parseTakeOver(toHeaderMap(headers), { nowMs: NOW_MS, limits: DEFAULT_SUBMISSION_LIMITS });

describe('what a resume or restart does differently (12)', () => {
  it('is nothing unless it is said', () => {
    expect(parse({ 'content-type': 'application/json', 'upstash-telemetry-sdk': 'x' })).toEqual({
      ok: true,
      value: {},
    });
  });

  it('is everything that is said', () => {
    const headers = {
      'Upstash-Retries': '0',
      'Upstash-Retry-Delay': '1000',
      'Upstash-Flow-Control-Key': 'k',
      'Upstash-Flow-Control-Value': 'rate=1',
      'Upstash-Delay': '10s',
      'Upstash-Label': 'a,b',
      'Upstash-Failure-Callback': 'http://app/fail',
    };
    const value = {
      retries: 0,
      retryDelay: '1000',
      flowControlKey: 'k',
      flowControlValue: 'rate=1',
      labels: ['a', 'b'],
      failureCallbackUrl: 'http://app/fail',
      notBeforeMs: NOW_MS + 10_000,
    };
    expect(parse(headers)).toEqual({ ok: true, value });
    expect(parse({ ...headers, 'Upstash-Not-Before': '1800000060' })).toEqual({
      ok: true,
      value: { ...value, notBeforeMs: NOW_MS + 60_000 },
    });
  });

  it.each([
    [{ 'upstash-retries': '101' }, 'QUOTA_EXCEEDED'],
    [{ 'upstash-label': 'a b' }, 'INVALID_LABEL'],
    [{ 'upstash-flow-control-key': 'k' }, 'INVALID_FLOW_CONTROL'],
    [{ 'upstash-failure-callback': 'nope' }, 'INVALID_DESTINATION'],
    [{ 'upstash-delay': '9y' }, 'QUOTA_EXCEEDED'],
  ])('%j is refused with %s', (headers, code) => {
    expect(parse(headers)).toMatchObject({ ok: false, problem: { code } });
  });

  it('never throws', () => {
    const name = fc.constantFrom(
      'upstash-retries',
      'upstash-delay',
      'upstash-not-before',
      'upstash-label',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), (headers) => {
        expect(typeof parse(headers).ok).toBe('boolean');
      }),
    );
  });
});
