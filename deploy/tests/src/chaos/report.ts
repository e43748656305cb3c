import type { ChaosResult } from './chaos';

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : (ms / 1_000).toFixed(1)).padStart(8);
const table = (counts: ReadonlyMap<string, number>): string[] =>
  [...counts].sort().map(([what, count]) => `${String(count).padStart(6)}  ${what}`);

/** What happened, and what it did. */
export function report(result: ChaosResult): string[] {
  const { faults, runs, deliveries, duplicates, restarts, recoveredAfterMs, violations } = result;
  const struck = [...faults.values()].reduce((sum, { count }) => sum + count, 0);
  return [
    ' times  median  longest  (seconds to the next delivery after it)',
    ...[...faults]
      .sort()
      .map(
        ([name, { count, medianMs, longestMs }]) =>
          `${String(count).padStart(6)}${seconds(medianMs)} ${seconds(longestMs)}  ${name}`,
      ),
    '',
    'endpoints that lie',
    ...table(result.lies),
    '',
    'why live runs wait, as they were asked meanwhile',
    ...table(result.explained),
    '',
    `faults ${struck}, processes killed ${result.killed}, NATS wiped ${result.wiped}, services started again ${restarts}`,
    `runs ${runs}, deliveries ${deliveries}, of them ${duplicates} made twice`,
    `calls that outlived run-state ${result.callsThatOutlivedRunState}`,
    `all had ended ${(recoveredAfterMs / 1_000).toFixed(1)} s after the last fault`,
    ...violations.map((violation) => `VIOLATION ${violation}`),
    `violations ${violations.length}${violations.length > 0 ? `, logs in ${result.folder}` : ''}`,
  ];
}
