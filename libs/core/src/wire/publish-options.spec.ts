import fc from 'fast-check';
import {
  formatFlowControlValue,
  parseDelay,
  parseFlowControl,
  parseLabels,
  parseMethod,
  parseNotBefore,
  parseRedactFields,
  parseRetries,
  parseRetryDelay,
  parseTimeout,
  type Parsed,
} from './publish-options';

const is = (value: unknown): unknown => ({ ok: true, value });
const fails = (code: string): unknown => ({ ok: false, problem: { code, message: expect.any(String) as string } });

describe('publish options', () => {
  it('retries', () => {
    expect(parseRetries('0')).toEqual(is(0));
    expect(parseRetries(' 3 ')).toEqual(is(3));
    expect(parseRetries('1000')).toEqual(is(1_000));
    for (const text of ['1001', '1000000', '9'.repeat(500)])
      expect(parseRetries(text)).toEqual(fails('QUOTA_EXCEEDED'));
    for (const text of ['', '-1', '1.5', '1e3', 'three']) expect(parseRetries(text)).toEqual(fails('INVALID_HEADER'));
  });

  it('retry delay', () => {
    expect(parseRetryDelay('pow(2, retried) * 1000')).toEqual(is('pow(2, retried) * 1000'));
    expect(parseRetryDelay('process.exit()')).toEqual(fails('INVALID_RETRY_DELAY'));
    expect(parseRetryDelay('1 +')).toMatchObject({
      problem: { message: expect.stringContaining('position 3') as string },
    });
  });

  it('delay and timeout', () => {
    expect(parseDelay('1d10h30m')).toEqual(is(124_200_000));
    expect(parseDelay('soon')).toEqual(fails('INVALID_DURATION'));
    expect(parseDelay('11y')).toEqual(fails('QUOTA_EXCEEDED'));
    expect(parseTimeout('30')).toEqual(is(30_000));
    expect(parseTimeout('9s')).toEqual(is(9_000));
    expect(parseTimeout('0')).toEqual(fails('INVALID_DURATION'));
    expect(parseTimeout('25h')).toEqual(fails('QUOTA_EXCEEDED'));
  });

  it('not before', () => {
    expect(parseNotBefore('1700000000', 0)).toEqual(fails('QUOTA_EXCEEDED'));
    expect(parseNotBefore('1700000000', 1_690_000_000_000)).toEqual(is(1_700_000_000_000));
    expect(parseNotBefore('1700000000.5', 1_690_000_000_000)).toEqual(is(1_700_000_000_500));
    expect(parseNotBefore('-5', 1_690_000_000_000)).toEqual(is(0));
    expect(parseNotBefore('1700000000000', 1_690_000_000_000)).toEqual(fails('QUOTA_EXCEEDED'));
    for (const text of ['', 'now', '1e9', '2024-01-01', '9'.repeat(99)]) {
      expect(parseNotBefore(text, 0)).toEqual(fails('INVALID_HEADER'));
    }
  });

  it('method', () => {
    expect(parseMethod('put')).toEqual(is('PUT'));
    for (const text of ['', 'GET /', 'PO\r\nST', 'connect']) expect(parseMethod(text)).toEqual(fails('INVALID_HEADER'));
  });

  it('labels', () => {
    expect(parseLabels('a, b_1,c.d-e,a')).toEqual(is(['a', 'b_1', 'c.d-e']));
    expect(parseLabels('')).toEqual(is([]));
    for (const text of ['a b', 'ä', 'a,b/c', 'x'.repeat(257)])
      expect(parseLabels(text)).toEqual(fails('INVALID_LABEL'));
    expect(parseLabels(Array.from({ length: 101 }, (_, i) => `l${i}`).join())).toEqual(fails('INVALID_LABEL'));
  });

  it('redact fields', () => {
    expect(parseRedactFields('body')).toEqual(is({ body: true, headers: [] }));
    expect(parseRedactFields('body, header')).toEqual(is({ body: true, headers: 'all' }));
    expect(parseRedactFields('headers,header[X]')).toEqual(is({ body: false, headers: 'all' }));
    expect(parseRedactFields('header[Authorization],header[ X-A ]')).toEqual(
      is({ body: false, headers: ['authorization', 'x-a'] }),
    );
    for (const text of ['everything', 'header[]', 'header[a b]', 'header[a']) {
      expect(parseRedactFields(text)).toEqual(fails('INVALID_HEADER'));
    }
  });

  it('flow control', () => {
    expect(parseFlowControl('k', 'parallelism=3, rate=5, period=1m')).toEqual(
      is({ key: 'k', parallelism: 3, rate: 5, periodMs: 60_000 }),
    );
    expect(parseFlowControl('k', 'Rate=20,Parallelism=10')).toEqual(
      is({ key: 'k', parallelism: 10, rate: 20, periodMs: 1_000 }),
    );
    expect(parseFlowControl('k', 'rate=1,period=30')).toEqual(is({ key: 'k', rate: 1, periodMs: 30_000 }));
    expect(parseFlowControl('k', 'parallelism=4')).toEqual(is({ key: 'k', parallelism: 4 }));
    for (const text of [
      '',
      'rate',
      'rate=',
      'rate=0',
      'rate=-1',
      'rate=1.5',
      'rate=x',
      'period=1m',
      'rate=1,period=0',
      'rate=1,period=8d',
      'rate=1,period=1500ms',
      'rate=1,rate=2',
      'rate=1,colour=red',
      'rate=1,',
      'rate=99999999999',
      '__proto__=1',
    ]) {
      expect(parseFlowControl('k', text)).toEqual(fails('INVALID_FLOW_CONTROL'));
    }
    for (const key of ['', 'a b', 'a/b', undefined]) {
      expect(parseFlowControl(key, 'rate=1')).toEqual(fails('INVALID_FLOW_CONTROL'));
    }
    expect(parseFlowControl('k', undefined)).toEqual(fails('INVALID_FLOW_CONTROL'));
  });

  it('flow control is echoed in a form that is read back the same', () => {
    expect(formatFlowControlValue({ key: 'k', parallelism: 3, rate: 5, periodMs: 60_000 })).toBe(
      'parallelism=3,rate=5,period=60s',
    );
    const count = fc.integer({ min: 1, max: 1_000 });
    const settings = fc.record(
      { parallelism: count, rate: count, seconds: count },
      { requiredKeys: ['rate', 'seconds'] },
    );
    fc.assert(
      fc.property(settings, ({ seconds, ...counts }) => {
        const flowControl = { key: 'k', ...counts, periodMs: seconds * 1_000 };
        expect(parseFlowControl('k', formatFlowControlValue(flowControl))).toEqual(is(flowControl));
      }),
    );
  });

  it('no text makes a reader throw', () => {
    const readers: readonly ((text: string) => Parsed<unknown>)[] = [
      parseRetries,
      parseRetryDelay,
      parseDelay,
      (text) => parseNotBefore(text, 0),
      parseTimeout,
      parseMethod,
      parseLabels,
      parseRedactFields,
      (text) => parseFlowControl(text, text),
    ];
    const nearMiss = fc.stringMatching(/^(rate=|header\[|body)?[\w.,=[\] -]{0,30}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearMiss), fc.constantFrom(...readers), (text, read) => {
        const parsed = read(text);
        return parsed.ok || parsed.problem.message.length < 512;
      }),
      { numRuns: 1_000 },
    );
  });
});
