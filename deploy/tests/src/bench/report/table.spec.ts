import { figure, table } from './table';

test('a table is as wide as its widest cell, and its columns are aligned', () => {
  expect(
    table(
      [{ title: 'engine', left: true }, { title: 'ms' }],
      [
        ['stepwell', '1.5'],
        ['peer', '10'],
      ],
    ),
  ).toEqual(['| engine   |  ms |', '| -------- | --: |', '| stepwell | 1.5 |', '| peer     |  10 |']);
});

test('three digits of a figure count', () => {
  expect([0, 0.0312, 0.5, 7, 41.26, 3249.4].map(figure)).toEqual(['0', '0.0312', '0.500', '7.00', '41.3', '3,249']);
});

test('what is not known is not nought', () => {
  expect([undefined, NaN, Infinity].map(figure)).toEqual(['–', '–', '–']);
});
