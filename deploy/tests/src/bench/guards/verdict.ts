import type { Counts, Lines } from './lines';

/** Of CPU time, which even relative to the calibration loop depends on what else a machine does. */
export const CPU_TOLERANCE = 0.2;
/** Of allocated bytes, which don't depend on how fast a machine is; but on how many steps share a batch. */
export const ALLOCATION_TOLERANCE = 0.1;

/** Leases and checkpoints written while a run lasts, whose syncs it may have shared. */
const BY_TIME = 6;
const RECORD = '`npm run guards:record` records the baseline anew';

/**
 * Reports of deliveries that come within milliseconds share an ask, and its answer. On a busy machine that happens even with one run in flight,
 * to one or two of sixty on the official wire: these aren't exact, but closer than any message more for each step.
 */
const BATCHED_WITHIN = { perStep: 0.25, perRun: 7 };
/** A run that ends within the moment for which rows are gathered has one row written instead of two; the writes of the log are counted apart. */
const GATHERED_WITHIN = { perStep: 0.05, perRun: 2 };
const EXACTLY = { perStep: 0, perRun: 0 };
const WITHIN: Readonly<Record<string, typeof EXACTLY>> = {
  'messages sent': BATCHED_WITHIN,
  asks: BATCHED_WITHIN,
  'store writes': GATHERED_WITHIN,
};

/** What a run's counts are, exactly. @returns what is wrong, one line each */
export function countComplaints(where: string, lines: Lines, baseline: Lines): string[] {
  return Object.entries(baseline).flatMap(([name, expected]) => {
    const { perRun, perStep } = lines[name] ?? { perRun: NaN, perStep: NaN };
    const most = WITHIN[name] ?? EXACTLY;
    const isSame =
      Math.abs(perStep - expected.perStep) <= most.perStep && Math.abs(perRun - expected.perRun) <= most.perRun;
    const of = (line: { readonly perRun: number; readonly perStep: number }): string =>
      `${line.perStep} a step and ${line.perRun} a run`;
    return isSame ? [] : [`${where}: ${name} are ${of({ perRun, perStep })}, the baseline is ${of(expected)}`];
  });
}

/**
 * A write of the log needs a sync of its own. Those of rows, leases and checkpoints may be shared with it or with each other, as it happens:
 * so there are no more than writes, and with leases and checkpoints taken off (`BY_TIME`) hardly fewer than of the log.
 */
export function syncComplaints(where: string, lines: Lines, steps: number): string[] {
  const at = (name: string): number => (lines[name]?.perRun ?? NaN) + (lines[name]?.perStep ?? NaN) * steps;
  const [syncs, ofLog, most] = [at('journal syncs'), at('log writes'), at('store writes')];
  const isWithin = syncs <= most && syncs >= ofLog - BY_TIME;
  return isWithin ? [] : [`${where}: ${steps} steps have ${syncs} journal syncs for ${ofLog} to ${most} writes`];
}

/** Figures that may be off by a share. @returns what is wrong, one line each */
export function shareComplaints(where: string, figures: Counts, baseline: Counts, tolerance: number): string[] {
  return Object.entries(baseline).flatMap(([name, expected]) => {
    const figure = figures[name] ?? NaN;
    const off = figure / expected - 1;
    // The last bit is no regression.
    if (Math.abs(off) <= tolerance + 1e-9) return [];
    const by = `${off > 0 ? '+' : ''}${(off * 100).toFixed(0)} %`;
    const advice = off < 0 ? `: less than it was, ${RECORD}` : '';
    return [`${where}: ${name} is ${round(figure)}, ${by} of the baseline ${round(expected)}${advice}`];
  });
}

export const round = (value: number): number => Number(value.toPrecision(4));
