import { joined, numberOf, runResult, stepResult, valueOf } from './work';

test('a run of no steps is its seed', () => {
  expect([runResult({ seed: 7, steps: 0 }), runResult({ seed: 7, steps: 0, isFanOut: true })]).toEqual([7, 7]);
});

test('the result tells a run from one whose steps were lost, repeated or exchanged', () => {
  const seed = 7;
  const through = (...steps: number[]) => steps.reduce(stepResult, seed);
  expect(runResult({ seed, steps: 3 })).toBe(through(1, 2, 3));
  for (const wrong of [through(1, 3), through(1, 2, 2, 3), through(2, 1, 3)])
    expect(wrong).not.toBe(runResult({ seed, steps: 3 }));
});

test('so does that of a fan-out', () => {
  const seed = 7;
  const of = (...steps: number[]) =>
    joined(
      seed,
      steps.map((step) => stepResult(seed, step)),
    );
  expect(runResult({ seed, steps: 3, isFanOut: true })).toBe(of(1, 2, 3));
  for (const wrong of [of(1, 2), of(1, 2, 2), of(2, 1, 3)])
    expect(wrong).not.toBe(runResult({ seed, steps: 3, isFanOut: true }));
});

describe('a result on the wire', () => {
  const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  test('is a number, with padding where that is wanted', () => {
    for (const work of [{ steps: 1 }, { steps: 1, bytes: 10 }])
      expect(numberOf(overTheWire(valueOf(42, work)), work)).toBe(42);
    expect(JSON.stringify(valueOf(42, { steps: 1, bytes: 10 })).length).toBeGreaterThan(10);
  });

  test.each([null, { n: 1, padding: 'xx' }, { n: null, padding: 'xxx' }, 42])('is not %j', (value) => {
    expect(() => numberOf(value, { steps: 1, bytes: 3 })).toThrow();
  });
});
