import { curveOf } from './curve';

const steps = (count: number, ms: (step: number) => number) => {
  const stepNumbers = Array.from({ length: count - 1 }, (_, index) => index + 2);
  return { stepNumbers, stepMs: stepNumbers.map(ms) };
};

test('a point is the median of its steps', () => {
  const once = (step: number): number => (step === 3 ? 1_000 : step <= 100 ? 2 : 4);
  expect(curveOf(steps(200, once), 200, 100)).toEqual([
    [100, 2],
    [200, 4],
  ]);
});

test('what is left over goes with those before it', () => {
  expect(
    curveOf(
      steps(250, (step) => (step <= 100 ? 1 : 3)),
      250,
      100,
    ),
  ).toEqual([
    [100, 1],
    [250, 3],
  ]);
});

test('a short run is one point', () => {
  expect(
    curveOf(
      steps(5, () => 7),
      5,
      100,
    ),
  ).toEqual([[5, 7]]);
});
