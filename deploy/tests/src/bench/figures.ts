import type { Counters } from './engines/engine';
import type { Usage } from './machine/cpu-watch';
import type { Measurement } from './measurements/measurement';
import { median, percentile } from '../statistics';

const MIB = 1024 * 1024;

/** What a measurement shows, and a column of its case's table. */
export interface Figure {
  readonly title: string;
  /** NaN: it isn't known. */
  of(measurement: Measurement): number;
  /** Ours as a multiple of a peer's is of interest. */
  readonly isCompared?: true;
  /** The least and the most are told as well. */
  readonly hasRange?: true;
  /** A count, which has no digits after the point. */
  readonly isCount?: true;
}

/** The same of one process, by the case's own choice. Those of one name count as one. */
export interface ProcessFigure {
  readonly title: string;
  of(usage: readonly Usage[], measurement: Measurement): number;
}

const cpuMsOf = (usage: readonly Usage[]): number => sum(usage.map(({ cpuMs }) => cpuMs));
const partOf = (part: Usage['part'], { usage }: Measurement): readonly Usage[] =>
  usage.filter((each) => each.part === part);
const ownIn = (measurement: Measurement): readonly Usage[] =>
  partOf('engine', measurement).filter(({ isServer }) => isServer === undefined);
const counted =
  (name: keyof Counters) =>
  ({ counted: { [name]: count = NaN }, units }: Measurement): number =>
    count / units;

export const perSecond = (unit: string): Figure => ({
  title: `${unit}s/s`,
  of: ({ units, ms }) => (units * 1000) / ms,
  isCompared: true,
  hasRange: true,
});

export const latency = (share: number, title: string): Figure => ({
  title,
  of: ({ latenciesMs }) => percentile(latenciesMs, share),
  isCompared: true,
});

/** CPU time of the engine's processes for each unit, its servers' among them; the harness's is apart. */
export const cpu = (unit: string): Figure => ({
  title: `CPU µs/${unit}`,
  of: (measurement) => (cpuMsOf(partOf('engine', measurement)) * 1000) / measurement.units,
  isCompared: true,
});

const harnessCpu = (unit: string): Figure => ({
  title: `harness µs/${unit}`,
  of: (measurement) => (cpuMsOf(partOf('harness', measurement)) * 1000) / measurement.units,
});

const COUNTED = {
  fsyncs: 'fsyncs',
  writes: 'writes',
  writeCommands: 'write cmds',
  commands: 'cmds',
  messages: 'messages',
} satisfies Record<keyof Counters, string>;

const counts = (unit: string): Figure[] =>
  Object.entries(COUNTED).map(([name, title]) => ({
    title: `${title}/${unit}`,
    of: counted(name as keyof Counters),
  }));

/** The most memory that the engine's processes had, each at its own time. */
const peak: Figure = {
  title: 'peak MiB',
  of: (measurement) => sum(partOf('engine', measurement).map(({ peakBytes }) => peakBytes)) / MIB,
  isCompared: true,
};

/** What the case itself tells by that name. */
export const value = (name: string, title: string, scale = 1): Figure => ({
  title,
  of: ({ values }) => (values[name] ?? NaN) * scale,
});

/** What it costs to do one unit. */
export const costs = (unit: string): Figure[] => [cpu(unit), harnessCpu(unit), ...counts(unit), peak];

/** Of a window of many units. */
export const windowFigures = (unit: string): Figure[] => [
  perSecond(unit),
  latency(0.5, 'p50 ms'),
  latency(0.99, 'p99 ms'),
  ...costs(unit),
  { ...value('shed', 'shed'), isCount: true },
  { ...value('open', 'open'), isCount: true },
];

export const processCosts = (unit: string): ProcessFigure[] => [
  { title: `CPU µs/${unit}`, of: (usage, { units }) => (cpuMsOf(usage) * 1000) / units },
  { title: 'peak MiB', of: (usage) => sum(usage.map(({ peakBytes }) => peakBytes)) / MIB },
];

const percentOfCore = (usage: readonly Usage[], { ms }: Measurement): number => (cpuMsOf(usage) * 100) / ms;
const rssMib = (usage: readonly Usage[]): number => sum(usage.map(({ rssBytes }) => rssBytes)) / MIB;

/** Of an engine that does nothing. Own: without its servers. */
export const standing: readonly Figure[] = [
  { title: 'own % of a core', of: (measurement) => percentOfCore(ownIn(measurement), measurement), isCompared: true },
  { title: 'own MiB', of: (measurement) => rssMib(ownIn(measurement)), isCompared: true },
  {
    title: 'all % of a core',
    of: (measurement) => percentOfCore(partOf('engine', measurement), measurement),
    isCompared: true,
  },
  { title: 'all MiB', of: (measurement) => rssMib(partOf('engine', measurement)), isCompared: true },
];

export const processStanding: readonly ProcessFigure[] = [
  { title: '% of a core', of: percentOfCore },
  { title: 'MiB', of: rssMib },
];

/** Of the machine, in percent. */
export const foreignPercent: Figure = {
  title: 'others’ CPU %',
  of: ({ foreignShare }) => foreignShare * 100,
};

/** Of each figure by itself: the median of a ratio needn't be the ratio of medians. */
export const medianOf = (figure: Figure, runs: readonly Measurement[]): number =>
  median(runs.map((run) => figure.of(run)));

/** Medians over the runs, in the order of the first, of each figure. */
export function processesOf(
  runs: readonly Measurement[],
  figures: readonly ProcessFigure[],
): { readonly name: string; readonly part: Usage['part']; readonly medians: readonly number[] }[] {
  const names = new Map(runs[0]?.usage.map(({ name, part }) => [name, part]));
  return [...names].map(([name, part]) => ({
    name,
    part,
    medians: figures.map(({ of }) =>
      median(
        runs.map((run) =>
          of(
            run.usage.filter((each) => each.name === name),
            run,
          ),
        ),
      ),
    ),
  }));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
