import type { BenchCase } from '../cases/case';
import { type Figure, foreignPercent, medianOf, processesOf } from '../figures';
import type { Measurement, Point } from '../measurements/measurement';
import { type ReportedCase, type ReportedEngine, type ReportedPoint, shown } from './reported';
import { axisOf, curvesOf } from './series';
import { figure as digits, table } from './table';

/** One case as markdown: the medians, their ratios to each peer, and where the CPU time went. */
export function caseReport(reported: ReportedCase): string[] {
  const { benchCase, points } = reported;
  const [first, ...others] = points;
  if (first === undefined) return [];
  const peers = first.engines.filter(({ isPeer }) => isPeer).map(({ name }) => name);
  const axis = axisOf(points);
  const varied = axis && `; then with ${others.map(axis.of).map(whole).join('; ')} ${axis.title}`;
  return [
    `## ${benchCase.name}`,
    '',
    benchCase.about,
    '',
    `Measured with ${benchCase.loadText(first)}${varied ?? ''}.`,
    '',
    ...(reported.leftOut ?? []).flatMap(({ name, why }) => [`Without ${name}: ${why}.`, '']),
    ...figuresTable(reported),
    ...peers.flatMap((peer) => ['', ...ratiosTable(reported, peer)]),
    ...(points.length > 1 ? [] : ['', ...processesTable(reported, first)]),
    ...(benchCase.curve === undefined ? [] : ['', ...curveTable(reported, benchCase.curve)]),
  ];
}

/** Beside the engine's name, where something was varied. */
function axisColumn({ points }: ReportedCase): {
  titles: { title: string }[];
  cells: (point: ReportedPoint) => string[];
} {
  const axis = axisOf(points);
  return axis === undefined
    ? { titles: [], cells: () => [] }
    : { titles: [{ title: axis.title }], cells: (point) => [whole(axis.of(point))] };
}

function figuresTable(reported: ReportedCase): string[] {
  const { benchCase, points, wantedRuns } = reported;
  const figures = [...benchCase.figures, foreignPercent];
  const axis = axisColumn(reported);
  const columns = [
    { title: 'median', left: true } as const,
    ...axis.titles,
    ...figures.flatMap(({ title, hasRange }) => [{ title }, ...(hasRange ? [{ title: 'least–most' }] : [])]),
    { title: 'runs' },
  ];
  const rows = points.flatMap((point) =>
    point.engines.map((engine) => [
      engine.name,
      ...axis.cells(point),
      ...figures.flatMap((figure) => cellsOf(figure, shown(engine))),
      runsOf(engine, wantedRuns),
    ]),
  );
  return table(columns, rows);
}

function cellsOf(figure: Figure, runs: readonly Measurement[]): string[] {
  const median = medianOf(figure, runs);
  const cell = figure.isCount ? median.toFixed(0) : digits(median);
  return figure.hasRange ? [cell, range(runs.map((run) => figure.of(run)))] : [cell];
}

function ratiosTable(reported: ReportedCase, peerName: string): string[] {
  const { benchCase, points } = reported;
  const figures = benchCase.figures.filter(({ isCompared }) => isCompared);
  const axis = axisColumn(reported);
  const columns = [
    { title: `as a multiple of ${peerName}`, left: true } as const,
    ...axis.titles,
    ...figures.map(({ title }) => ({ title })),
  ];
  const rows = points.flatMap((point) => {
    const peer = point.engines.find(({ name }) => name === peerName);
    const others = point.engines.filter(({ name }) => name !== peerName);
    return others.map((engine) => [
      engine.name,
      ...axis.cells(point),
      ...figures.map((figure) =>
        digits(medianOf(figure, shown(engine)) / (peer ? medianOf(figure, shown(peer)) : NaN)),
      ),
    ]);
  });
  return table(columns, rows);
}

function processesTable({ benchCase }: ReportedCase, { engines }: ReportedPoint): string[] {
  const columns = [
    { title: 'engine', left: true } as const,
    { title: 'process', left: true } as const,
    ...benchCase.processFigures.map(({ title }) => ({ title })),
  ];
  const rows = engines.flatMap((engine) =>
    processesOf(shown(engine), benchCase.processFigures).map(({ name, part, medians }) => [
      engine.name,
      part === 'engine' ? name : `(${name})`,
      ...medians.map(digits),
    ]),
  );
  return table(columns, rows);
}

/** Enough to see where it bends; the plot has all. */
const CURVE_ROWS = 10;

function curveTable({ points }: ReportedCase, { x, y }: NonNullable<BenchCase['curve']>): string[] {
  const curves = points.flatMap((point) => curvesOf(points, point));
  const xs = [...new Set(curves.flatMap(({ points: each }) => each.map(([at]) => at)))].sort((a, b) => a - b);
  const step = Math.ceil(xs.length / CURVE_ROWS);
  const rows = xs.filter((_, index) => index === 0 || (index + 1) % step === 0 || index === xs.length - 1);
  const cellAt = (each: readonly Point[], at: number): string => digits(each.find(([found]) => found === at)?.[1]);
  return table(
    [{ title: `${y}, up to ${x}` }, ...curves.map(({ name }) => ({ title: name }))],
    rows.map((at) => [whole(at), ...curves.map(({ points: each }) => cellAt(each, at))]),
  );
}

const whole = (count: number): string => count.toLocaleString('en');
const range = (values: readonly number[]): string => `${digits(Math.min(...values))}–${digits(Math.max(...values))}`;

function runsOf({ clean, disturbed }: ReportedEngine, wanted: number): string {
  if (clean.length === 0) return `0 clean of ${disturbed.length}`;
  return clean.length < wanted ? `${clean.length} of ${wanted}` : String(clean.length);
}
