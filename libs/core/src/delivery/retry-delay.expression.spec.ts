import fc from 'fast-check';
import { compileRetryDelay, MAX_RETRY_DELAY_MS } from './retry-delay.expression';

function delayMs(text: string, retried = 0): number {
  const compiled = compileRetryDelay(text);
  if (!compiled.ok) throw new Error(`${text}: ${compiled.problem}`);
  return compiled.delayMs(retried);
}

/** An expression with what it must be, computed apart from the parser. */
interface Sample {
  readonly text: string;
  readonly value: (retried: number) => number;
}

const samples = fc.letrec<{ sample: Sample }>((tie) => {
  const both = fc.tuple(tie('sample'), tie('sample'));
  const some = fc.array(tie('sample'), { minLength: 1, maxLength: 4 });
  const one = tie('sample');
  const named = (name: string, apply: (x: number) => number): fc.Arbitrary<Sample> =>
    one.map((x) => ({ text: `${name}( ${x.text} )`, value: (retried) => apply(x.value(retried)) }));
  const infix = (symbol: string, apply: (x: number, y: number) => number): fc.Arbitrary<Sample> =>
    both.map(([x, y]) => ({
      text: `(${x.text}) ${symbol} (${y.text})`,
      value: (retried) => apply(x.value(retried), y.value(retried)),
    }));
  return {
    sample: fc.oneof(
      { depthSize: 'small', maxDepth: 6, withCrossShrink: true },
      fc.nat(10_000).map((n) => ({ text: String(n), value: () => n })),
      fc.double({ min: 0, max: 1e6, noNaN: true }).map((n) => ({ text: String(n), value: () => n })),
      fc.constant<Sample>({ text: 'retried', value: (retried) => retried }),
      infix('+', (x, y) => x + y),
      infix('-', (x, y) => x - y),
      infix('*', (x, y) => x * y),
      infix('/', (x, y) => x / y),
      one.map((x) => ({ text: `-(${x.text})`, value: (retried: number) => -x.value(retried) })),
      both.map(([x, y]) => ({ text: `pow(${x.text},${y.text})`, value: (r: number) => x.value(r) ** y.value(r) })),
      some.map((xs) => ({
        text: `min(${xs.map((x) => x.text).join()})`,
        value: (r: number) => Math.min(...xs.map((x) => x.value(r))),
      })),
      some.map((xs) => ({
        text: `max(${xs.map((x) => x.text).join()})`,
        value: (r: number) => Math.max(...xs.map((x) => x.value(r))),
      })),
      named('sqrt', Math.sqrt),
      named('abs', Math.abs),
      named('exp', Math.exp),
      named('floor', Math.floor),
      named('ceil', Math.ceil),
      named('round', (x) => (x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5))),
    ),
  };
});

describe('compileRetryDelay', () => {
  it.each([
    ['1000', 0, 1000],
    ['1000 * (1 + retried)', 2, 3000],
    ['pow(2, retried) * 1000', 3, 8000],
    ['max(1000, pow(2, retried) * 100)', 0, 1000],
    ['min(5000, 1000 * retried)', 9, 5000],
    ['exp(retried)', 1, 3],
    ['2 + 3 * 4', 0, 14],
    ['2 * 3 + 4', 0, 10],
    ['10 - 4 - 3', 0, 3],
    ['80 / 4 / 2', 0, 10],
    ['--5', 0, 5],
    ['10 - -5', 0, 15],
    ['-2 * -3', 0, 6],
    ['1e3', 0, 1000],
    ['1.5E+3', 0, 1500],
    ['.5*10', 0, 5],
    ['5.', 0, 5],
    ['abs(round(-2.5))', 0, 3],
    [' \t floor ( 9.9 ) ', 0, 9],
  ])('%p with retried %p is %p ms', (text, retried, expectedMs) => {
    expect(delayMs(text, retried)).toBe(expectedMs);
  });

  it('keeps to 0 … one day (rule 3)', () => {
    expect(delayMs('-1')).toBe(0);
    expect(delayMs('-1/0')).toBe(0);
    expect(delayMs('1000/retried')).toBe(MAX_RETRY_DELAY_MS);
    expect(delayMs('1e300')).toBe(MAX_RETRY_DELAY_MS);
    expect(delayMs('0/0')).toBe(MAX_RETRY_DELAY_MS);
    expect(delayMs('sqrt(-1)')).toBe(MAX_RETRY_DELAY_MS);
    expect(Object.is(delayMs('-0.2'), 0)).toBe(true);
  });

  it.each([
    ['', 0],
    ['   ', 3],
    ['1 +', 3],
    ['1 2', 2],
    ['(1', 2],
    ['1)', 1],
    ['pow(2)', 0],
    ['pow(1,2,3)', 0],
    ['sqrt(1,2)', 0],
    ['1 + min()', 8],
    ['pow 2', 4],
    ['+1', 0],
    ['2 ** 3', 3],
    ['2 ^ 3', 2],
    ['2 % 3', 2],
    ['Retried', 0],
    ['retried(1)', 7],
    ['constructor(1)', 0],
    ['__proto__', 0],
    ['process.exit()', 0],
    ['1,2', 1],
    ['1e', 1],
    ['0x10', 1],
    ['abs', 3],
  ])('refuses %p at %p', (text, at) => {
    const compiled = compileRetryDelay(text);
    expect(compiled).toMatchObject({ ok: false, at });
  });

  it('is bounded in length and depth (rule 2)', () => {
    expect(compileRetryDelay('1' + ' '.repeat(511))).toMatchObject({ ok: true });
    expect(compileRetryDelay('1' + ' '.repeat(512))).toMatchObject({ ok: false, at: 512 });
    expect(compileRetryDelay('('.repeat(63) + '1' + ')'.repeat(63))).toMatchObject({ ok: true });
    expect(compileRetryDelay('('.repeat(64) + '1' + ')'.repeat(64))).toMatchObject({ ok: false, at: 64 });
    expect(compileRetryDelay('-'.repeat(200) + '1')).toMatchObject({ ok: false });
    expect(delayMs('1' + '+1'.repeat(255))).toBe(256);
  });

  it('is total: no text throws, every delay is a whole number within the limits (rule 1)', () => {
    const pieces = fc
      .array(
        fc.constantFrom('(', ')', ',', '+', '-', '*', '/', ' ', '1', '.5', '2e3', 'retried', 'pow', 'min', 'sqrt', 'x'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 600 }), pieces),
        fc.nat(),
        (text, retried) => {
          const compiled = compileRetryDelay(text);
          if (!compiled.ok) return compiled.at <= text.length && compiled.problem.length > 0;
          const ms = compiled.delayMs(retried);
          return Number.isInteger(ms) && ms >= 0 && ms <= MAX_RETRY_DELAY_MS;
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('agrees with a reference evaluation of random expressions', () => {
    fc.assert(
      fc.property(samples.sample, fc.nat(20), ({ text, value }, retried) => {
        fc.pre(text.length <= 512);
        const raw = value(retried);
        const expected = Number.isNaN(raw)
          ? MAX_RETRY_DELAY_MS
          : Math.round(Math.min(Math.max(raw, 0), MAX_RETRY_DELAY_MS));
        expect(delayMs(text, retried)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});
