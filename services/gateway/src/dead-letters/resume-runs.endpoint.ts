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

/** A failed run goes on where it failed, as a new run (protocol.md 12). */
@Endpoint('v2/workflows/dlq/resume')
export class ResumeRunsEndpoint {
  constructor(private readonly desk: TakeOverDesk) {}

  @Post()
  @HttpCode(200)
  @Described({
    id: 'resumeRuns',
    tag: 'Dead letters',
    summary: 'Go on with failed runs where they failed, each as a new run',
    details: 'By ids, by filters, or any. Headers say what is to be different this time.',
    headers: TAKE_OVER_HEADERS,
    answer: TakenOverRuns,
    errors: TAKE_OVER_ERRORS,
  })
  async resumeMany(
    @Query() query: DeadLetterQuery,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<TakenOverRuns> {
    return this.desk.many('resume', query, request, hangUp);
  }

  @Post('-')
  @HttpCode(200)
  @Described({
    id: 'resumeRun',
    tag: 'Dead letters',
    summary: 'Go on with a failed run where it failed, as a new run',
    details: 'Headers say what is to be different this time.',
    headers: TAKE_OVER_HEADERS,
    answer: NamedRun,
    errors: TAKE_OVER_ERRORS,
  })
  async resumeOne(
    @RawId('/v2/workflows/dlq/resume/') dlqId: string,
    @Req() request: FastifyRequest,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<NamedRun> {
    return this.desk.one('resume', dlqId, request, hangUp);
  }
}
