import type { Measurement } from '../measure';
import { caseReport, isSound, type ReportedCase } from './case-report';

const measurement = (units: number): Measurement => ({
  openedAtUs: 0,
  ms: 1_000,
  units,
  latenciesMs: [2],
  usage: [
    { name: 'server', part: 'engine', cpuMs: 100, peakBytes: 2 ** 20 },
    { name: 'driver', part: 'harness', cpuMs: 50, peakBytes: 2 ** 20 },
  ],
  foreignShare: 0.01,
  counted: {},
  shed: 0,
  open: 3,
});
const runs = (...units: number[]) => units.map(measurement);
const reported: ReportedCase = {
  name: 'steps',
  about: 'Steps.',
  unit: 'step',
  wantedRuns: 2,
  steps: 10,
  inFlight: 100,
  seconds: 1,
  engines: [
    { name: 'ours', clean: runs(300, 100), disturbed: [] },
    { name: 'theirs', isPeer: true, clean: runs(100, 100), disturbed: runs(5) },
  ],
};
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
  const alone = { ...reported, engines: reported.engines.slice(0, 1) };
  expect(caseReport(alone).some((line) => line.includes('multiple'))).toBe(false);
});

test('disturbed runs don’t count, unless there is nothing else, which is said', () => {
  const disturbed = { ...reported, engines: [{ name: 'ours', clean: [], disturbed: runs(7, 7, 7, 7) }] };
  expect([isSound(reported), isSound(disturbed)]).toEqual([true, false]);
  expect(rowsOf(caseReport(disturbed), 'ours')[0]).toEqual(expect.arrayContaining(['7.00', '0 clean of 4']));
  const short = { ...reported, engines: [{ name: 'ours', clean: runs(9), disturbed: runs(7) }] };
  expect(rowsOf(caseReport(short), 'ours')[0]).toEqual(expect.arrayContaining(['9.00', '1 of 2']));
});
