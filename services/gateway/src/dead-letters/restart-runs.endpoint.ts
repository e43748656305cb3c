import { HttpCode, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HangUp } from '../asking/hang-up';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import type { NamedRun } from './dead-letter.asks';
import { DeadLetterQuery } from './dead-letter.query';
import type { TakenOverRuns } from './take-over.desk';
import { TakeOverDesk } from './take-over.desk';

/** A failed run begins again with its payload, as a new run (protocol.md 12). */
@Endpoint('v2/workflows/dlq/restart')
export class RestartRunsEndpoint {
  constructor(private readonly desk: TakeOverDesk) {}

  @Post()
  @HttpCode(200)
  async restartMany(
    @Query() query: DeadLetterQuery,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: AbortSignal,
  ): Promise<TakenOverRuns> {
    return this.desk.many('restart', query, request, hangUp);
  }

  @Post('-')
  @HttpCode(200)
  async restartOne(
    @RawId('/v2/workflows/dlq/restart/') dlqId: string,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: AbortSignal,
  ): Promise<NamedRun> {
    return this.desk.one('restart', dlqId, request, hangUp);
  }
}
