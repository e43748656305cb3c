import type { Connection } from 'mongoose';
import { inStore } from '../e2e/stopped-store';
import type { WorkflowApp } from '../e2e/workflow-app';
import type { Acknowledged } from './workload';

/*
 * Compares what users were told with what became of it. It doesn't believe the engine: what happened it has from the endpoint's journals
 * and from the log as the database has it.
 */

type RunLog = Awaited<ReturnType<WorkflowApp['log']>>;

/** What the engine may do after it said that a run is cancelled: what was on its way already. */
const ON_ITS_WAY_MS = 1_000;

/** When something hindered the engine. */
export interface Disturbance {
  readonly from: number;
  readonly to: number;
}

/** What is wrong with a run that has ended. */
export function judgeRun(
  run: Acknowledged,
  log: NonNullable<RunLog>,
  app: Pick<WorkflowApp, 'journal'>,
  disturbances: readonly Disturbance[],
): string[] {
  const journal = app.journal(run.runId);
  const wrong: string[] = [];
  const complain = (what: string): void => {
    wrong.push(`${run.runId} (${run.kind}): ${what}`);
  };
  if (journal.repeated.length > 0) complain(`repeated ${journal.repeated.join(', ')} after their results were durable`);
  const { workflowState: state, workflowRunResponse: response } = log;
  switch (run.kind) {
    case 'program': {
      const { expectation } = run;
      if (state !== expectation?.state) complain(`${state} instead of ${String(expectation?.state)}`);
      else if (expectation.result !== undefined && response !== JSON.stringify(expectation.result))
        complain(`came to ${String(response)} instead of ${JSON.stringify(expectation.result)}`);
      break;
    }
    case 'onboarding':
      if (state !== 'RUN_SUCCESS' || response !== '"mail:hello,crm:hello,report:hello"')
        complain(`${state}, ${String(response)}`);
      break;
    case 'sleeper': {
      const { sleptMs = -1 } = JSON.parse(response ?? '{}') as { sleptMs?: number };
      if (state !== 'RUN_SUCCESS' || sleptMs < (run.sleepMs ?? 0))
        complain(`${state}, slept ${sleptMs} of ${String(run.sleepMs)} ms`);
      break;
    }
    case 'cancelled': {
      if (state === 'RUN_FAILED') complain(state);
      const { cancelledAt } = run;
      if (state !== 'RUN_CANCELED' || cancelledAt === undefined) break;
      // What stood still goes on where it was once it is let go.
      const stoodStillUntil = Math.max(
        cancelledAt,
        ...disturbances.filter(({ from, to }) => from < cancelledAt && to > cancelledAt).map(({ to }) => to),
      );
      const late = journal.arrivals.filter((at) => at > stoodStillUntil + ON_ITS_WAY_MS);
      if (late.length > 0) complain(`${late.length} deliveries after it was cancelled`);
      break;
    }
  }
  return wrong;
}

/** What is wrong with the log itself: every position of a partition is there, and no writer of an older term after one of a newer. */
export function judgeLog(mongoUri: string, databaseName: string): Promise<string[]> {
  return inStore(mongoUri, logProblems, databaseName);
}

const POSITIONS_PER_PARTITION = 2 ** 40;

async function logProblems(connection: Connection): Promise<string[]> {
  const entries = connection
    .collection<{ _id: number; p: number; term: number; stream: string; version: number }>('log')
    .find({}, { projection: { p: 1, term: 1, stream: 1, version: 1 }, sort: { _id: 1 } });
  const problems: string[] = [];
  const last = new Map<number, { n: number; term: number }>();
  const versions = new Map<string, number>();
  for await (const { _id, p, term, stream, version } of entries) {
    const n = _id - p * POSITIONS_PER_PARTITION;
    const before = last.get(p) ?? { n: 0, term: 0 };
    if (n !== before.n + 1) problems.push(`partition ${p} has ${n} after ${before.n}`);
    if (term < before.term) problems.push(`partition ${p} has term ${term} at ${n} after term ${before.term}`);
    last.set(p, { n, term });
    const versionBefore = versions.get(`${p}/${stream}`) ?? 0;
    if (version !== versionBefore + 1) problems.push(`${stream} has version ${version} after ${versionBefore}`);
    versions.set(`${p}/${stream}`, version);
  }
  return problems;
}
