import { Delete, Query } from '@nestjs/common';
import type { GiveUpSignal, RunFilter } from '@stepwell/core';
import { isRunId } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { boundedMap } from '../asking/bounded-map';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { JsonBody } from '../http/json-body.decorator';
import type { Flag } from '../http/query-values';
import { FlagParameter, IntegerParameter, RepeatedParameter } from '../http/query-values';
import { CancelledRuns } from './run.answers';
import { RunAsks } from './run.asks';
import { filterOf, placeOf, RunFilterQuery } from './run-filter.query';
import { RunLister } from './run.lister';

const DEFAULT_COUNT = 100;
const PAGE = 100;
const AT_A_TIME = 16;

/** In the query or, from older clients, in a JSON body. */
export class CancelRunsQuery extends RunFilterQuery {
  /** These alone, whatever else is said. */
  @RepeatedParameter()
  readonly workflowRunIds?: string[];

  /** `true` = `workflowUrl` is the whole of a URL; else it is the beginning of one. */
  @FlagParameter()
  readonly workflowUrlExactMatch?: Flag;

  /** Most runs that are cancelled by a filter; 100 by default. */
  @IntegerParameter(1, Number.MAX_SAFE_INTEGER)
  readonly count?: number;

  /** Of the workflow's URL, with its port. */
  @RepeatedParameter()
  readonly host?: string[];

  /** Of the workflow's URL, whole and without a query. */
  @RepeatedParameter()
  readonly path?: string[];
}

/**
 * Cancel of many (protocol.md 8.8): by ids, by filters, or, with neither, of any. Counted are those that ran; unknown and ended ones
 * are not.
 */
@Endpoint('v2/workflows/runs')
export class CancelRunsEndpoint {
  constructor(
    private readonly runs: RunAsks,
    private readonly lister: RunLister,
  ) {}

  @Delete()
  @Described({
    id: 'cancelRuns',
    tag: 'Runs',
    summary: 'Cancel runs by id, by filters, or any',
    details: `Counted are those that ran; unknown and ended ones are not. Filters are joined by "and", values of one filter by "or". Without
ids and filters it is any runs, up to \`count\`.`,
    answer: CancelledRuns,
    errors: ['UNAVAILABLE'],
  })
  async cancel(
    @Query() query: CancelRunsQuery,
    @JsonBody(CancelRunsQuery) body: CancelRunsQuery,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<CancelledRuns> {
    const asked = Object.assign(body, query);
    if (asked.workflowRunIds !== undefined) {
      return { cancelled: await this.cancelAll([...new Set(asked.workflowRunIds)], hangUp) };
    }
    let left = asked.count ?? DEFAULT_COUNT;
    const wanted = left;
    for (const filter of runningOf(asked)) left -= await this.cancelFound(filter, left, hangUp);
    return { cancelled: wanted - left };
  }

  /** Up to `most` of those that the filter finds. */
  private async cancelFound(filter: RunFilter, most: number, hangUp: GiveUpSignal): Promise<number> {
    if (most === 0) return 0;
    let cancelled = 0;
    for await (const rows of this.lister.pages(filter, Math.min(PAGE, most), hangUp)) {
      const runIds = rows.slice(0, most - cancelled).map(({ runId }) => runId);
      cancelled += await this.cancelAll(runIds, hangUp);
      if (cancelled === most) break;
    }
    return cancelled;
  }

  private async cancelAll(runIds: readonly string[], hangUp: GiveUpSignal): Promise<number> {
    const results = await boundedMap(runIds, AT_A_TIME, (runId) => this.cancelOne(runId, hangUp));
    return results.filter(Boolean).length;
  }

  private async cancelOne(runId: string, hangUp: GiveUpSignal): Promise<boolean> {
    if (!isRunId(runId)) return false;
    try {
      return await this.runs.cancel(runId, hangUp);
    } catch (error) {
      if (error instanceof Problem && error.code === 'UNKNOWN_RUN') return false;
      throw error;
    }
  }
}

/** One per beginning of a URL; what any of them finds is meant. */
function runningOf(query: CancelRunsQuery): RunFilter[] {
  const exact: RunFilter = { ...filterOf(query), ...placeOf(query), status: 'running' };
  if (query.workflowUrl === undefined || query.workflowUrlExactMatch === 'true') return [exact];
  const { workflowUrl: _, ...others } = exact;
  return query.workflowUrl.map((urlPrefix) => ({ ...others, urlPrefix }));
}
