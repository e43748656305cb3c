import {
  costs,
  type Figure,
  foreignPercent,
  medianOf,
  processCosts,
  processesOf,
  standing,
  windowFigures,
} from './figures';
import type { Measurement } from './measurements/measurement';

const MIB = 1024 * 1024;
const process = (name: string, part: 'engine' | 'harness', cpuMs: number, mib: number) => ({
  name,
  part,
  cpuMs,
  peakBytes: mib * MIB,
  rssBytes: (mib / 2) * MIB,
});
const measurement: Measurement = {
  openedAtUs: 0,
  ms: 2_000,
  units: 1_000,
  latenciesMs: [3, 1, 2],
  usage: [
    process('engine', 'engine', 300, 100),
    { ...process('mongod', 'engine', 100, 50), isServer: true },
    process('app', 'harness', 150, 70),
  ],
  foreignShare: 0.04,
  counted: { fsyncs: 30, writes: 1_100 },
  values: { shed: 2, open: 100 },
};
const shown = (figures: readonly Figure[]) =>
  Object.fromEntries(figures.map((figure) => [figure.title, figure.of(measurement)]));

test('figures are for each unit, and the harness is apart', () => {
  expect(shown([...windowFigures('step'), foreignPercent])).toEqual({
    'steps/s': 500,
    'p50 ms': 2,
    'p99 ms': 3,
    'CPU µs/step': 400,
    'harness µs/step': 150,
    'fsyncs/step': 0.03,
    'writes/step': 1.1,
    'write cmds/step': NaN,
    'cmds/step': NaN,
    'messages/step': NaN,
    'peak MiB': 150,
    shed: 2,
    open: 100,
    'others’ CPU %': 4,
  });
});

test('whoever does nothing is told apart from its servers', () => {
  expect(shown(standing)).toEqual({
    'own % of a core': 15,
    'own MiB': 50,
    'all % of a core': 20,
    'all MiB': 75,
  });
});

test('medians are of each figure by itself', () => {
  const [rate, p50] = windowFigures('step');
  const run = (units: number, latencyMs: number) => ({ ...measurement, units, latenciesMs: [latencyMs] });
  const runs = [run(200, 9), run(600, 7), run(400, 8)];
  expect([medianOf(rate!, runs), medianOf(p50!, runs)]).toEqual([200, 8]);
});

test('a figure that one run doesn’t have has no median', () => {
  const fsyncs = costs('step').find(({ title }) => title === 'fsyncs/step')!;
  expect(medianOf(fsyncs, [measurement, { ...measurement, counted: {} }])).toBeNaN();
});

test('processes of one name count as one', () => {
  const usage = [process('run-state', 'engine', 10, 1), process('run-state', 'engine', 20, 1)];
  expect(processesOf([{ ...measurement, units: 10, usage }], processCosts('step'))).toEqual([
    { name: 'run-state', part: 'engine', medians: [3_000, 2] },
  ]);
});
