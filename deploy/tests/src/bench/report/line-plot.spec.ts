import { linePlot, roundTicks } from './line-plot';

const plot = {
  title: 'cost <of> steps',
  x: { title: 'in flight' },
  y: { title: 'µs' },
  lines: [
    {
      name: 'ours',
      points: [
        [1, 100],
        [2, 50],
        [3, 0],
      ],
    },
    {
      name: 'theirs',
      points: [
        [1, NaN],
        [3, 25],
      ],
    },
  ],
} as const;
const pointsIn = (svg: string): string[] =>
  [...svg.matchAll(/polyline points="([^"]*)"/g)].map(([, points]) => points!);
const linesOf = (svg: string): number[][][] =>
  pointsIn(svg).map((points) => points.split(' ').map((each) => each.split(',').map(Number)));

test('lines go from the left to the right, and up with what they show', () => {
  const [[first, second, third]] = linesOf(linePlot(plot)) as [number[][]];
  expect(first![0]).toBeLessThan(second![0]!);
  expect(second![0]! - first![0]!).toBeCloseTo(third![0]! - second![0]!, 0);
  // Down is more: y is from the top. Nought is at the bottom, and half of it in the middle.
  expect(third![1]! - second![1]!).toBeCloseTo(second![1]! - first![1]!, 0);
  expect(first![1]).toBeLessThan(third![1]!);
});

test('equal factors are equally far apart on a logarithmic axis', () => {
  const lines = [
    {
      name: 'ours',
      points: [
        [1, 5],
        [10, 5],
        [100, 5],
      ],
    },
  ] as const;
  const [[first, second, third]] = linesOf(
    linePlot({ ...plot, x: { title: 'in flight', isLogarithmic: true }, lines }),
  ) as [number[][]];
  expect(second![0]! - first![0]!).toBeCloseTo(third![0]! - second![0]!, 0);
});

test('what isn’t known is left out', () => {
  const svg = linePlot(plot);
  expect(pointsIn(svg)[1]?.split(' ')).toHaveLength(1);
  expect(svg).not.toContain('NaN');
});

test('a plot of one point, or of none, is one all the same', () => {
  for (const lines of [[], [{ name: 'ours', points: [[5, 3]] as const }]])
    expect(linePlot({ ...plot, lines })).not.toMatch(/NaN|Infinity/);
});

test('words are told as words', () => {
  const svg = linePlot(plot);
  expect(svg).toContain('cost &lt;of&gt; steps');
  for (const said of ['in flight', 'µs', 'ours', 'theirs']) expect(svg).toContain(`>${said}</text>`);
});

test.each([
  [0, [0, 1]],
  [10, [0, 2, 4, 6, 8, 10]],
  [0.37, [0, 0.1, 0.2, 0.3, 0.4]],
  [488, [0, 100, 200, 300, 400, 500]],
])('ticks up to %d are round', (greatest, ticks) => {
  expect(roundTicks(greatest).map((each) => Number(each.toFixed(6)))).toEqual(ticks);
});
