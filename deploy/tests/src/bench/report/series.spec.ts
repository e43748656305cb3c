import { cpu } from '../figures';
import { windowCase } from '../cases/window.case';
import type { Measurement } from '../measurements/measurement';
import { axisOf, plotsOf } from './series';

const measurement = (cpuMs: number): Measurement => ({
  openedAtUs: 0,
  ms: 1_000,
  units: 1_000,
  latenciesMs: [],
  usage: [{ name: 'all', part: 'engine', cpuMs, peakBytes: 0, rssBytes: 0 }],
  foreignShare: 0,
  counted: {},
  values: {},
  curve: [[100, cpuMs]],
});
const point = (steps: number, inFlight: number, ...cpuMs: number[]) => ({
  steps,
  inFlight,
  seconds: 1,
  engines: [{ name: 'ours', clean: cpuMs.map(measurement), disturbed: [] }],
});
const done = () => ({ units: 0, latenciesMs: [] });
const benchCase = windowCase({ name: 'steps', about: '', unit: 'step', steps: [1], inFlight: [1], done });

test('an axis is what differs between the loads', () => {
  const axis = (...points: ReturnType<typeof point>[]) => axisOf(points)?.title;
  expect(axis(point(1, 5), point(1, 6))).toBe('runs in flight');
  expect(axis(point(1, 5), point(2, 5))).toBe('steps a run');
  expect(axis(point(1, 5))).toBeUndefined();
});

test('cost is plotted against it, the median of each load’s runs', () => {
  const points = [point(1, 1, 3, 9, 5), point(1, 10, 2)];
  const [plot, ...others] = plotsOf({ benchCase, wantedRuns: 1, points });
  expect(others).toEqual([]);
  expect(plot).toMatchObject({
    file: 'steps.svg',
    plot: {
      y: { title: cpu('step').title },
      lines: [
        {
          name: 'ours',
          points: [
            [1, 5],
            [10, 2],
          ],
        },
      ],
    },
  });
});

test('without it there is none, unless something changes within a run', () => {
  const points = [point(1, 1, 3, 9, 5)];
  expect(plotsOf({ benchCase, wantedRuns: 1, points })).toEqual([]);
  const curved = { ...benchCase, curve: { x: 'step', y: 'ms' } };
  expect(plotsOf({ benchCase: curved, wantedRuns: 1, points })).toMatchObject([
    { file: 'steps-curve.svg', plot: { lines: [{ name: 'ours', points: [[100, 5]] }] } },
  ]);
});
