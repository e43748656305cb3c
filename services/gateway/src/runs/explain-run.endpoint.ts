import { Get } from '@nestjs/common';
import type { ExplainRunAnswer, WaitingReason } from '@stepwell/core';
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
own: named is the one whose end is farthest off, a child or a call before any deadline. Programs go by the fields; the words may change.`,
    answer: ExplainedRun,
    // A path without an id, or with one that the router can't decode, is none of ours.
    errors: ['INVALID_RUN_ID', 'UNKNOWN_RUN', 'NOT_FOUND', 'UNAVAILABLE'],
  })
  async explain(@EncodedRunId() runId: string, @HangUp() hangUp: AbortSignal): Promise<ExplainedRun> {
    return explained(runId, await this.runs.explain(runId, hangUp));
  }
}

function explained(workflowRunId: string, { status, reason, others, othersTotal }: ExplainRunAnswer): ExplainedRun {
  return {
    workflowRunId,
    workflowState: STATE_OF_STATUS[status],
    ...(reason ? { reason: shown(reason) } : {}),
    others: others.map(shown),
    othersTotal,
  };
}

function shown(reason: WaitingReason): Reason {
  const { effectId: _ours, runId, waitingFor, ...more } = reason;
  return {
    waitingFor,
    text: reasonText(reason),
    ...more,
    ...(runId === undefined ? {} : { workflowRunId: runId }),
  };
}
