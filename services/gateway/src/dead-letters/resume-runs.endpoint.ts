import { HttpCode, Post, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HangUp } from '../asking/hang-up';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import type { NamedRun } from './dead-letter.asks';
import { DeadLetterQuery } from './dead-letter.query';
import type { TakenOverRuns } from './take-over.desk';
import { TakeOverDesk } from './take-over.desk';

/** A failed run goes on where it failed, as a new run (protocol.md 12). */
@Endpoint('v2/workflows/dlq/resume')
export class ResumeRunsEndpoint {
  constructor(private readonly desk: TakeOverDesk) {}

  @Post()
  @HttpCode(200)
  async resumeMany(
    @Query() query: DeadLetterQuery,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: AbortSignal,
  ): Promise<TakenOverRuns> {
    return this.desk.many('resume', query, request, hangUp);
  }

  @Post('-')
  @HttpCode(200)
  async resumeOne(
    @RawId('/v2/workflows/dlq/resume/') dlqId: string,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: AbortSignal,
  ): Promise<NamedRun> {
    return this.desk.one('resume', dlqId, request, hangUp);
  }
}
