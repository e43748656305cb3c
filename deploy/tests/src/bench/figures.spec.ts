import { type Figures, figuresOf, mediansOf, processesOf } from './figures';
import type { Measurement } from './measure';

const MIB = 1024 * 1024;
const measurement: Measurement = {
  openedAtUs: 0,
  ms: 2_000,
  units: 1_000,
  latenciesMs: [3, 1, 2],
  usage: [
    { name: 'engine', part: 'engine', cpuMs: 300, peakBytes: 100 * MIB },
    { name: 'mongod', part: 'engine', cpuMs: 100, peakBytes: 50 * MIB },
    { name: 'app', part: 'harness', cpuMs: 150, peakBytes: 70 * MIB },
  ],
  foreignShare: 0.04,
  counted: { fsyncs: 30, writes: 1_100 },
  shed: 2,
  open: 100,
};

test('figures are for each unit, and the harness is apart', () => {
  expect(figuresOf(measurement)).toEqual({
    perSecond: 500,
    p50Ms: 2,
    p99Ms: 3,
    cpuUs: 400,
    harnessCpuUs: 150,
    fsyncs: 0.03,
    messages: undefined,
    writes: 1.1,
    writeCommands: undefined,
    commands: undefined,
    peakMib: 150,
    foreignPercent: 4,
    shed: 2,
    open: 100,
  });
});

test('medians are of each figure by itself', () => {
  const figures = figuresOf(measurement);
  const run = (perSecond: number, p50Ms: number): Figures => ({ ...figures, perSecond, p50Ms });
  expect(mediansOf([run(100, 9), run(300, 7), run(200, 8)])).toEqual({ ...figures, perSecond: 200, p50Ms: 8 });
});

test('processes of one name count as one', () => {
  const usage = [
    { name: 'run-state', part: 'engine', cpuMs: 10, peakBytes: MIB },
    { name: 'run-state', part: 'engine', cpuMs: 20, peakBytes: MIB },
  ] as const;
  expect(processesOf([{ units: 10, usage }])).toEqual([
    { name: 'run-state', part: 'engine', cpuUs: 3_000, peakMib: 2 },
  ]);
});
