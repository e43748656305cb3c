import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../e2e/until';
import type { Acknowledged } from './acknowledged';
import type { CompletionsWatch } from './completions-watch';
import type { Disturbance } from './faults/fault';
import { attemptsOf } from './judge/attempts.judge';
import { outlivedRunState } from './judge/calls.judge';
import type { Evidence } from './judge/evidence';
import { judgeRun } from './judge/judge';
import { judgeLog } from './judge/log.judge';
import type { RunStates } from './run-states';
import type { Stage } from './stage';
import { DATABASE } from './stage';
import type { Workload } from './workload';
import { slowPath } from './workload';

export interface Verdict {
  readonly runs: number;
  /** When each delivery arrived (`Date.now()`). */
  readonly arrivals: readonly number[];
  /** Deliveries of a message that had been delivered before, as the same attempt. */
  readonly duplicates: number;
  /** Calls to third parties that were under way when run-state was killed. */
  readonly callsThatOutlivedRunState: number;
  /** Until every run has ended. */
  readonly recoveredAfterMs: number;
  readonly violations: readonly string[];
}

export interface VerdictParts {
  readonly stage: Stage;
  readonly states: RunStates;
  /** That has been told to stop, and has. */
  readonly workload: Workload;
  readonly watch: CompletionsWatch;
  readonly disturbances: readonly Disturbance[];
  /** Within which all have to end, and all ends to be told. Default 4 minutes: runs sleep and wait for seconds only. */
  readonly limitMs?: number | undefined;
}

const RECOVERS_WITHIN_MS = 240_000;
const TOLD_WITHIN_MS = 60_000;

/** Waits for all that was acknowledged to end, and compares what users were told with what became of it. */
export async function verdictOn(parts: VerdictParts): Promise<Verdict> {
  const { stage, states, workload, watch, disturbances, limitMs = RECOVERS_WITHIN_MS } = parts;
  const startedAt = performance.now();
  const runs = workload.acknowledged;
  await Promise.all(runs.map((run) => run.users));
  await until('all have ended', () => states.haveEnded(runs), limitMs).catch(() => undefined);
  const recoveredAfterMs = performance.now() - startedAt;
  await delay(1_000);
  const evidences = runs.map((run) => evidenceOf(run, stage, disturbances));
  const violations = workload.unanswered.map((runId) => `the start of ${runId} was never answered`);
  for (const [index, run] of runs.entries()) violations.push(...(await judged(run, stage, evidences[index]!)));
  const untold = await watch.missing(await states.endsOf(runs), Math.min(limitMs, TOLD_WITHIN_MS));
  violations.push(...untold.map((end) => `${end} was never told on the topic`));
  violations.push(...(await judgeLog(stage.servers.mongods.judgesUri, DATABASE)));

  const attempts = evidences.map(attemptsOf);
  const distinct = attempts.flatMap((made) => [...new Set(made.map((each) => `${each.messageId}#${each.retried}`))]);
  return {
    runs: runs.length,
    arrivals: attempts.flat().map(({ at }) => at),
    duplicates: attempts.flat().length - distinct.length,
    callsThatOutlivedRunState: runs.filter((run, index) => outlivedRunState(run, evidences[index]!)).length,
    recoveredAfterMs,
    violations,
  };
}

async function judged(run: Acknowledged, { app }: Stage, evidence: Evidence): Promise<string[]> {
  const log = await app.log(run.runId).catch(() => undefined);
  if (!log) return [`${run.runId} (${run.kind}) was acknowledged and is unknown`];
  if (log.workflowState === 'RUN_STARTED')
    return [`${run.runId} (${run.kind}) has not ended: ${JSON.stringify(log.steps.at(-1))}`];
  return judgeRun(run, log, evidence);
}

function evidenceOf(
  { runId, road }: Acknowledged,
  { app, liars, lyingEndpoint, thirdParty, cluster }: Stage,
  disturbances: readonly Disturbance[],
): Evidence {
  return {
    journal: (road === 'lying' ? liars : app).journal(runId),
    disturbances,
    gatewayAway: cluster.gatewayAway,
    lies: lyingEndpoint.told.filter((each) => each.runId === runId),
    asked: thirdParty.seen(slowPath(runId)).map(({ at }) => performance.timeOrigin + at),
  };
}
