import type { Totals } from './journal';

/** Of all runs together. */
export interface Expected {
  readonly ended: number;
  readonly executions: number;
  /** Requests or invocations; undefined when nobody knows. */
  readonly calls: number | undefined;
  /** Entries of the engine's log; the same. */
  readonly writes: number | undefined;
}

/** What is wrong with the work that was done; empty when nothing is. Figures of wrong work are none. */
export function problemsOf(totals: Totals & { readonly writes: number }, expected: Expected): string[] {
  const counts: readonly (readonly [string, number, number | undefined])[] = [
    ['runs ended', totals.ended, expected.ended],
    ['steps executed', totals.executions, expected.executions],
    ['calls of the app', totals.calls, expected.calls],
    ['writes to the log', totals.writes, expected.writes],
  ];
  const miscounted = counts.filter(([, found, wanted]) => wanted !== undefined && found !== wanted);
  return [
    ...totals.complaints,
    ...miscounted.map(([what, found, wanted]) => `${what}: ${found} instead of ${String(wanted)}`),
  ];
}
