import { median, percentile } from './statistics';

test('the median is the middle one, in whatever order they came', () => {
  expect(median([9, 1, 5])).toBe(5);
});

test('of an even number it lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('of nothing there is none', () => {
  expect([median([]), percentile([], 0.5)]).toEqual([NaN, NaN]);
});

test('a percentile is a value that was measured', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 99, 100]);
});
