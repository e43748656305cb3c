import type { Acknowledged } from '../acknowledged';
import { wrongAttempts } from './attempts.judge';
import { wrongCalls } from './calls.judge';
import type { Evidence } from './evidence';
import type { RunLog } from './outcome.judge';
import { wrongOutcome } from './outcome.judge';

/*
 * Compares what users were told with what became of it. It doesn't believe the engine: what happened it has from the endpoints' journals,
 * the third parties, and from the log as the database has it.
 */

/** What is wrong with a run that has ended. */
export function judgeRun(run: Acknowledged, log: RunLog, evidence: Evidence): string[] {
  const { repeated } = evidence.journal;
  return [
    ...(repeated.length > 0 ? [`repeated ${repeated.join(', ')} after their results were durable`] : []),
    ...wrongOutcome(run, log, evidence),
    ...wrongAttempts(run, evidence),
    ...wrongCalls(run, evidence),
  ].map((what) => `${run.runId} (${run.kind}, ${run.road}): ${what}`);
}
