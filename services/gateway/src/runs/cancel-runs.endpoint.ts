import { Delete, Query } from '@nestjs/common';
import { ArrayMaxSize, IsOptional, IsString } from 'class-validator';
import { isRunId } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { HangUp } from '../asking/hang-up';
import { boundedMap } from '../asking/bounded-map';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { IntegerParameter, ListParameter } from './query-values';
import { CancelledRuns } from './run.answers';
import { RunAsks } from './run.asks';

const MAX_IDS = 1_000;
const AT_A_TIME = 16;

class CancelRunsQuery {
  @ListParameter()
  @IsOptional()
  @IsString({ each: true })
  @ArrayMaxSize(MAX_IDS)
  readonly workflowRunIds?: string[];

  @IntegerParameter(1, Number.MAX_SAFE_INTEGER)
  readonly count?: number;

  @IsOptional()
  readonly workflowUrl?: unknown;
  @IsOptional()
  readonly workflowUrlExactMatch?: unknown;
  @IsOptional()
  readonly label?: unknown;
  @IsOptional()
  readonly fromDate?: unknown;
  @IsOptional()
  readonly toDate?: unknown;
  @IsOptional()
  readonly callerIp?: unknown;
  @IsOptional()
  readonly flowControlKey?: unknown;
}

/** `client.cancel(ids)` (protocol.md 8.8): unknown and ended runs are not counted. By filter it is a bulk operation, which is to come. */
@Endpoint('v2/workflows/runs')
export class CancelRunsEndpoint {
  constructor(private readonly runs: RunAsks) {}

  @Delete()
  @Described({
    id: 'cancelRuns',
    tag: 'Runs',
    summary: 'Cancel runs',
    details: 'Counted are those that were running.',
    answer: CancelledRuns,
    errors: ['NOT_SUPPORTED', 'UNAVAILABLE'],
  })
  async cancel(@Query() query: CancelRunsQuery, @HangUp() hangUp: AbortSignal): Promise<CancelledRuns> {
    const ids = query.workflowRunIds ?? [];
    if (ids.length === 0)
      throw new Problem('NOT_SUPPORTED', 'runs can be cancelled by workflowRunIds only, not by filters yet');
    const results = await boundedMap([...new Set(ids)], AT_A_TIME, (runId) => this.cancelOne(runId, hangUp));
    return { cancelled: results.filter(Boolean).length };
  }

  private async cancelOne(runId: string, hangUp: AbortSignal): Promise<boolean> {
    if (!isRunId(runId)) return false;
    try {
      return await this.runs.cancel(runId, hangUp);
    } catch (error) {
      if (error instanceof Problem && error.code === 'UNKNOWN_RUN') return false;
      throw error;
    }
  }
}
