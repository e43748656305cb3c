import { Get, Req } from '@nestjs/common';
import { EVENT_ID_FORM, isEventId } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import type { FastifyRequest } from 'fastify';
import { HangUp } from '../asking/hang-up';
import { Endpoint } from '../http/endpoint.decorator';
import { rawId } from '../http/raw-target';
import { NoticeDesk } from './notice.desk';
import type { Waiter } from './waiter.view';
import { waiterOf } from './waiter.view';

/** Who waits for an event, oldest first (protocol.md 8.5); of very many the first. */
@Endpoint('v2/waiters/-')
export class ReadWaitersEndpoint {
  constructor(private readonly notices: NoticeDesk) {}

  @Get()
  async read(@Req() { originalUrl }: FastifyRequest, @HangUp() hangUp: AbortSignal): Promise<Waiter[]> {
    const eventId = rawId(originalUrl, '/v2/waiters/');
    if (!isEventId(eventId)) throw new Problem('INVALID_EVENT_ID', EVENT_ID_FORM);
    return (await this.notices.waiters(eventId, hangUp)).map(waiterOf);
  }
}
