import { windowCase } from '../cases/window.case';
import type { Measurement } from '../measurements/measurement';
import { caseReport } from './case-report';
import { isSound, type ReportedCase, type ReportedEngine } from './reported';

const measurement = (units: number): Measurement => ({
  openedAtUs: 0,
  ms: 1_000,
  units,
  latenciesMs: [2],
  usage: [
    { name: 'server', part: 'engine', cpuMs: 100, peakBytes: 2 ** 20, rssBytes: 0 },
    { name: 'driver', part: 'harness', cpuMs: 50, peakBytes: 2 ** 20, rssBytes: 0 },
  ],
  foreignShare: 0.01,
  counted: {},
  values: { shed: 0, open: 3 },
});
const runs = (...units: number[]) => units.map(measurement);
const benchCase = windowCase({
  name: 'steps',
  about: 'Steps.',
  unit: 'step',
  steps: [10],
  inFlight: [100],
  done: () => ({ units: 0, latenciesMs: [] }),
});
const point = (engines: readonly ReportedEngine[], inFlight = 100) => ({ steps: 10, inFlight, seconds: 1, engines });
const engines: readonly ReportedEngine[] = [
  { name: 'ours', clean: runs(300, 100), disturbed: [] },
  { name: 'theirs', isPeer: true, clean: runs(100, 100), disturbed: runs(5) },
];
const reported: ReportedCase = { benchCase, wantedRuns: 2, points: [point(engines)] };
const withEngines = (...some: readonly ReportedEngine[]): ReportedCase => ({ ...reported, points: [point(some)] });
const rowsOf = (lines: readonly string[], first: string): string[][] =>
  lines.map((line) => line.split('|').map((cell) => cell.trim())).filter(([, cell]) => cell === first);

test('figures are the medians, with their range', () => {
  const [figures] = rowsOf(caseReport(reported), 'ours');
  expect(figures).toEqual(expect.arrayContaining(['200', '100–300', '2.00', '–', '1.00', '3', '2']));
});

test('ours are compared with each peer, and a peer not with itself', () => {
  const lines = caseReport(reported);
  const at = lines.findIndex((line) => line.includes('multiple of theirs'));
  expect(lines.slice(at + 2, at + 4)).toEqual([expect.stringMatching(/^\| ours +\| +2\.00 \|/), '']);
});

test('the harness’s processes are told apart', () => {
  expect(rowsOf(caseReport(reported), 'ours').map(([, , second]) => second)).toEqual(
    expect.arrayContaining(['server', '(driver)']),
  );
});

test('without peers there is nothing to compare with', () => {
  expect(caseReport(withEngines(...engines.slice(0, 1))).some((line) => line.includes('multiple'))).toBe(false);
});

test('disturbed runs don’t count, unless there is nothing else, which is said', () => {
  const disturbed = withEngines({ name: 'ours', clean: [], disturbed: runs(7, 7, 7, 7) });
  expect([isSound(reported), isSound(disturbed)]).toEqual([true, false]);
  expect(rowsOf(caseReport(disturbed), 'ours')[0]).toEqual(expect.arrayContaining(['7.00', '0 clean of 4']));
  const short = withEngines({ name: 'ours', clean: runs(9), disturbed: runs(7) });
  expect(rowsOf(caseReport(short), 'ours')[0]).toEqual(expect.arrayContaining(['9.00', '1 of 2']));
});

describe('what was varied', () => {
  const series = { ...reported, points: [point(engines, 10), point(engines, 1_000)] };

  test('is a column, with a row for each engine under each load', () => {
    const rows = rowsOf(caseReport(series), 'ours').map(([, , second]) => second);
    expect(rows).toEqual(['10', '1,000', '10', '1,000']);
    expect(caseReport(series)).toContain(
      'Measured with 10 steps a run, 10 in flight, 1 s each; then with 1,000 runs in flight.',
    );
  });

  test('leaves no room for processes', () => {
    expect(caseReport(series).some((line) => line.includes('| process'))).toBe(false);
  });
});

test('a curve is a table of at most about ten rows, its last among them', () => {
  const curve = Array.from({ length: 25 }, (_, index) => [(index + 1) * 100, index] as const);
  const curved = { name: 'ours', clean: [{ ...measurement(1), curve }], disturbed: [] };
  const lines = caseReport({
    benchCase: { ...benchCase, curve: { x: 'step', y: 'ms' } },
    wantedRuns: 1,
    points: [point([curved])],
  });
  const at = lines.findIndex((line) => line.includes('ms, up to step'));
  const rows = lines.slice(at + 2).map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.length).toBeLessThanOrEqual(12);
  expect(rows[0]?.slice(1, 3)).toEqual(['100', '0']);
  expect(rows.at(-1)?.slice(1, 3)).toEqual(['2,500', '24.0']);
});

test('who can’t do a case is said, with the reason', () => {
  const lines = caseReport({ ...reported, leftOut: [{ name: 'others', why: 'they have no steps' }] });
  expect(lines).toContain('Without others: they have no steps.');
  expect(caseReport(reported).some((line) => line.startsWith('Without'))).toBe(false);
});
