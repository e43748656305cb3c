import { type Figures, figuresOf, mediansOf, processesOf } from '../figures';
import type { Measurement } from '../measure';
import { figure, table } from './table';

/** An engine's runs of one case. */
export interface ReportedEngine {
  readonly name: string;
  /** Undefined: one of ours. */
  readonly isPeer?: boolean;
  readonly clean: readonly Measurement[];
  readonly disturbed: readonly Measurement[];
}

export interface ReportedCase {
  readonly name: string;
  readonly about: string;
  readonly unit: 'step' | 'run';
  readonly wantedRuns: number;
  readonly steps: number;
  readonly inFlight: number;
  readonly seconds: number;
  readonly engines: readonly ReportedEngine[];
}

/** All that was wanted, and nothing that was disturbed. */
export const isSound = ({ engines, wantedRuns }: ReportedCase): boolean =>
  engines.every(({ clean }) => clean.length >= wantedRuns);

/** One case as markdown: the medians, their ratios to each peer, and where the CPU time went. */
export function caseReport(reported: ReportedCase): string[] {
  const { name, about, unit, steps, inFlight, seconds, engines } = reported;
  const rows = engines.map((engine) => ({ ...engine, median: mediansOf(shown(engine).map(figuresOf)) }));
  return [
    `## ${name}`,
    '',
    about,
    '',
    `Measured with ${steps} steps a run, ${inFlight} in flight, ${seconds} s each.`,
    '',
    ...figuresTable(unit, rows, reported.wantedRuns),
    ...rows.filter(({ isPeer }) => isPeer).flatMap((peer) => ['', ...ratiosTable(unit, rows, peer)]),
    '',
    ...processesTable(unit, engines),
  ];
}

type Row = ReportedEngine & { readonly median: Figures };

/** Figures of disturbed runs are better than none, if they are called so. */
const shown = ({ clean, disturbed }: ReportedEngine): readonly Measurement[] => (clean.length > 0 ? clean : disturbed);

function figuresTable(unit: string, rows: readonly Row[], wantedRuns: number): string[] {
  const columns = [
    { title: 'median', left: true },
    { title: `${unit}s/s` },
    { title: 'least–most' },
    { title: 'p50 ms' },
    { title: 'p99 ms' },
    { title: `CPU µs/${unit}` },
    { title: `harness µs/${unit}` },
    { title: `fsyncs/${unit}` },
    { title: `writes/${unit}` },
    { title: `write cmds/${unit}` },
    { title: `cmds/${unit}` },
    { title: `messages/${unit}` },
    { title: 'peak MiB' },
    { title: 'shed' },
    { title: 'open' },
    { title: 'others’ CPU %' },
    { title: 'runs' },
  ] as const;
  const cells = rows.map(({ median, ...engine }) => [
    engine.name,
    figure(median.perSecond),
    range(shown(engine).map((run) => figuresOf(run).perSecond)),
    ...[median.p50Ms, median.p99Ms, median.cpuUs, median.harnessCpuUs].map(figure),
    ...[median.fsyncs, median.writes, median.writeCommands, median.commands, median.messages, median.peakMib].map(
      figure,
    ),
    ...[median.shed, median.open].map((count) => count.toFixed(0)),
    figure(median.foreignPercent),
    runsOf(engine, wantedRuns),
  ]);
  return table(columns, cells);
}

function ratiosTable(unit: string, rows: readonly Row[], { name, median: peer }: Row): string[] {
  const columns = [
    { title: `as a multiple of ${name}`, left: true },
    { title: `${unit}s/s` },
    { title: 'p50' },
    { title: 'p99' },
    { title: 'CPU' },
    { title: 'peak' },
  ] as const;
  const cells = rows
    .filter((row) => row.name !== name)
    .map(({ name: other, median }) => [
      other,
      figure(median.perSecond / peer.perSecond),
      figure(median.p50Ms / peer.p50Ms),
      figure(median.p99Ms / peer.p99Ms),
      figure(median.cpuUs / peer.cpuUs),
      figure(median.peakMib / peer.peakMib),
    ]);
  return table(columns, cells);
}

function processesTable(unit: string, engines: readonly ReportedEngine[]): string[] {
  const columns = [
    { title: 'engine', left: true },
    { title: 'process', left: true },
    { title: `CPU µs/${unit}` },
    { title: 'peak MiB' },
  ] as const;
  const cells = engines.flatMap((engine) =>
    processesOf(shown(engine)).map(({ name, part, cpuUs, peakMib }) => [
      engine.name,
      part === 'engine' ? name : `(${name})`,
      figure(cpuUs),
      figure(peakMib),
    ]),
  );
  return table(columns, cells);
}

const range = (values: readonly number[]): string => `${figure(Math.min(...values))}–${figure(Math.max(...values))}`;

function runsOf({ clean, disturbed }: ReportedEngine, wanted: number): string {
  if (clean.length === 0) return `0 clean of ${disturbed.length}`;
  return clean.length < wanted ? `${clean.length} of ${wanted}` : String(clean.length);
}
