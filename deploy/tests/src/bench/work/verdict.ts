import type { Totals } from './journal';

export interface Expected {
  readonly runs: number;
  readonly steps: number;
  /** Requests or invocations that a run of so many steps takes. */
  readonly callsPerRun: number;
  /** Entries of the engine's log. Undefined: nobody knows. */
  readonly writesPerRun: number | undefined;
}

/** What is wrong with the work that was done; empty when nothing is. Figures of wrong work are none. */
export function problemsOf(
  totals: Totals & { readonly writes: number },
  { runs, steps, callsPerRun, writesPerRun }: Expected,
): string[] {
  const counts: readonly (readonly [string, number, number])[] = [
    ['runs ended', totals.ended, runs],
    ['steps executed', totals.executions, runs * steps],
    ['calls of the app', totals.calls, runs * callsPerRun],
    ...(writesPerRun === undefined ? [] : [['writes to the log', totals.writes, runs * writesPerRun] as const]),
  ];
  const miscounted = counts.filter(([, found, expected]) => found !== expected);
  return [...totals.complaints, ...miscounted.map(([what, found, wanted]) => `${what}: ${found} instead of ${wanted}`)];
}
