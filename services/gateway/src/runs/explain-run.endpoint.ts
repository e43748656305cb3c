import { Get } from '@nestjs/common';
import type { ExplainRunAnswer, GiveUpSignal, RunningAttempt, WaitingReason } from '@stepwell/core';
import { reasonText, STATE_OF_STATUS } from '@stepwell/core';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import type { Reason } from './explanation.answers';
import { ExplainedRun } from './explanation.answers';
import { RunAsks } from './run.asks';
import { EncodedRunId } from './run-id.decorator';

/** Why a run isn't moving, and until when (architecture.md E4). Our own API: a run id in its path is escaped like anybody's. */
@Endpoint('v1/runs/:runId/explain')
export class ExplainRunEndpoint {
  constructor(private readonly runs: RunAsks) {}

  @Get()
  @Described({
    id: 'explainRun',
    tag: 'Runs',
    summary: 'Tell what a run is waiting for',
    details: `A run that has not ended waits for exactly one thing. Where steps run side by side each of them waits for something of its
own: named is the one whose end is farthest off, a child or a call before any deadline. Of a delivery or a call that is being made it says where and
until when; without that it is queued, or just over. Programs go by the fields; the words may change.`,
    answer: ExplainedRun,
    // A path without an id, or with one that the router can't decode, is none of ours.
    errors: ['INVALID_RUN_ID', 'UNKNOWN_RUN', 'NOT_FOUND', 'UNAVAILABLE'],
  })
  async explain(@EncodedRunId() runId: string, @HangUp() hangUp: GiveUpSignal): Promise<ExplainedRun> {
    const answer = await this.runs.explain(runId, hangUp);
    const running = answer.reason && (await this.runs.running(answer.reason, hangUp));
    return explained(runId, answer, running);
  }
}

function explained(
  workflowRunId: string,
  { status, reason, others, othersTotal }: ExplainRunAnswer,
  running: RunningAttempt | undefined,
): ExplainedRun {
  return {
    workflowRunId,
    workflowState: STATE_OF_STATUS[status],
    ...(reason ? { reason: shown(reason, running) } : {}),
    others: others.map((other) => shown(other)),
    othersTotal,
  };
}

function shown(reason: WaitingReason, running?: RunningAttempt): Reason {
  const { effectId: _ours, attempt: _itsNumber, runId, waitingFor, ...more } = reason;
  return {
    waitingFor,
    text: reasonText(reason, running),
    ...more,
    ...(running ? { running } : {}),
    ...(runId === undefined ? {} : { workflowRunId: runId }),
  };
}
