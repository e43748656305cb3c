import type { BenchCase } from './cases/case';
import type { EngineKind } from './engines/engine';
import { foreignPercent } from './figures';
import { quiet } from './machine/cpu-watch';
import type { Load, Measurement } from './measurements/measurement';
import { measure } from './measurements/stage';
import { figure as digits } from './report/table';
import { nextRound } from './rounds';

/** Of the machine: a run of which others took more is dropped, and made again. */
const MOST_FOREIGN_SHARE = 0.05;
/** Tries for each run that is wanted. */
const TRIES = 2;

export interface SittingOptions extends Load {
  readonly benchCase: BenchCase;
  /** In the order that they take turns in. */
  readonly kinds: readonly EngineKind[];
  readonly runs: number;
  /** How long a run may wait for the machine to be quiet; then it is made all the same. */
  readonly quietWithinMs: number;
  readonly say: (line: string) => void;
}

/** One engine's runs. */
export interface Contestant {
  readonly kind: EngineKind;
  readonly clean: readonly Measurement[];
  /** Runs that others disturbed. */
  readonly disturbed: readonly Measurement[];
}

/** All engines of one case, in turns on one machine. @throws Error as soon as one did wrong work */
export async function sitting({
  benchCase,
  kinds,
  runs,
  quietWithinMs,
  say,
  ...load
}: SittingOptions): Promise<Contestant[]> {
  const contestants = kinds.map((kind) => ({ kind, clean: [] as Measurement[], disturbed: [] as Measurement[] }));
  for (;;) {
    const progress = contestants.map(({ kind, clean, disturbed }) => ({
      name: kind.name,
      clean: clean.length,
      tried: clean.length + disturbed.length,
    }));
    const round = nextRound(progress, { runs, limit: runs * TRIES });
    if (round.length === 0) return contestants;
    for (const { kind, clean, disturbed } of contestants) {
      if (!round.includes(kind.name)) continue;
      await quiet(MOST_FOREIGN_SHARE, quietWithinMs);
      const measurement = await measure(kind, benchCase, load);
      const isClean = measurement.foreignShare <= MOST_FOREIGN_SHARE;
      (isClean ? clean : disturbed).push(measurement);
      say(lineOf(benchCase, kind, measurement, isClean));
    }
  }
}

function lineOf({ name, figures }: BenchCase, kind: EngineKind, measurement: Measurement, isClean: boolean): string {
  const told = [...figures.slice(0, 2), foreignPercent].map(
    (figure) => `${figure.title} ${digits(figure.of(measurement))}`,
  );
  return `${name} ${kind.name}: ${told.join(', ')}${isClean ? '' : ': dropped'}`;
}
