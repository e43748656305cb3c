import type { GiveUpSignal } from '@stepwell/core';
import { Delete, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { either, nothing } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import type { Flag } from '../http/query-values';
import { FlagParameter } from '../http/query-values';
import { CancelledRuns } from './run.answers';
import { RunAsks } from './run.asks';
import { RunId } from './run-id.decorator';

export class EndRunQuery {
  /** `false` = it is finished and the body is its result; `true`, or nothing, = cancel it. */
  @FlagParameter()
  readonly cancel?: Flag;
}

/**
 * The end of a run (protocol.md 7.8, 8.8). A finish is answered 2xx also when the run has ended or is unknown: anything else would
 * make the endpoint fail and do it all again. A cancel says 404 for an unknown run, and `{"cancelled":0}` for one that had ended.
 */
@Endpoint('v2/workflows/runs/-')
export class EndRunEndpoint {
  constructor(private readonly runs: RunAsks) {}

  @Delete()
  @Described({
    id: 'endRun',
    tag: 'Runs',
    summary: 'Finish or cancel a run',
    details: `A finish succeeds also when the run has ended or is unknown, since it may be repeated. A cancel counts the run if it was
running.`,
    body: { details: 'The result of a run that is finished, any bytes; nothing for none.', required: false },
    answer: either(CancelledRuns, nothing),
    errors: ['INVALID_RUN_ID', 'UNKNOWN_RUN', 'UNAVAILABLE'],
  })
  async end(
    @RunId() runId: string,
    @Query() query: EndRunQuery,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<CancelledRuns | Record<string, never>> {
    if (query.cancel !== 'false') return { cancelled: (await this.runs.cancel(runId, hangUp)) ? 1 : 0 };
    const { body } = request;
    await this.runs.finish(runId, Buffer.isBuffer(body) && body.length > 0 ? body : undefined, hangUp);
    return {};
  }
}
