import { runResult, stepResult } from './work';

test('a run of no steps is its seed', () => {
  expect(runResult({ seed: 7, steps: 0 })).toBe(7);
});

test('the result tells a run from one whose steps were lost, repeated or exchanged', () => {
  const seed = 7;
  const through = (...steps: number[]) => steps.reduce(stepResult, seed);
  expect(runResult({ seed, steps: 3 })).toBe(through(1, 2, 3));
  for (const wrong of [through(1, 3), through(1, 2, 2, 3), through(2, 1, 3)])
    expect(wrong).not.toBe(runResult({ seed, steps: 3 }));
});
