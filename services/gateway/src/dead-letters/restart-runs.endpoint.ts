import { HttpCode, Post, Query, Req } from '@nestjs/common';
import type { GiveUpSignal } from '@stepwell/core';
import { TAKE_OVER_HEADERS } from '@stepwell/core';
import type { FastifyRequest } from 'fastify';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { NamedRun, TakenOverRuns } from './dead-letter.answers';
import { DeadLetterQuery } from './dead-letter.query';
import { TAKE_OVER_ERRORS, TakeOverDesk } from './take-over.desk';

/** A failed run begins again with its payload, as a new run (protocol.md 12). */
@Endpoint('v2/workflows/dlq/restart')
export class RestartRunsEndpoint {
  constructor(private readonly desk: TakeOverDesk) {}

  @Post()
  @HttpCode(200)
  @Described({
    id: 'restartRuns',
    tag: 'Dead letters',
    summary: 'Begin failed runs again with their payloads, each as a new run',
    details: 'By ids, by filters, or any. Headers say what is to be different this time.',
    headers: TAKE_OVER_HEADERS,
    answer: TakenOverRuns,
    errors: TAKE_OVER_ERRORS,
  })
  async restartMany(
    @Query() query: DeadLetterQuery,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<TakenOverRuns> {
    return this.desk.many('restart', query, request, hangUp);
  }

  @Post('-')
  @HttpCode(200)
  @Described({
    id: 'restartRun',
    tag: 'Dead letters',
    summary: 'Begin a failed run again with its payload, as a new run',
    details: 'Headers say what is to be different this time.',
    headers: TAKE_OVER_HEADERS,
    answer: NamedRun,
    errors: TAKE_OVER_ERRORS,
  })
  async restartOne(
    @RawId('/v2/workflows/dlq/restart/') dlqId: string,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<NamedRun> {
    return this.desk.one('restart', dlqId, request, hangUp);
  }
}
