import { Get } from '@nestjs/common';
import type { GiveUpSignal } from '@stepwell/core';
import { EVENT_ID_FORM, isEventId } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { listOf } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { NoticeDesk } from './notice.desk';
import { Waiter } from './waiter.answers';
import { waiterOf } from './waiter.view';

/** Who waits for an event, oldest first (protocol.md 8.5); of very many the first. */
@Endpoint('v2/waiters/-')
export class ReadWaitersEndpoint {
  constructor(private readonly notices: NoticeDesk) {}

  @Get()
  @Described({
    id: 'readWaiters',
    tag: 'Events',
    summary: 'List the runs that wait for an event, oldest first',
    details: 'Of very many only the first are listed.',
    answer: listOf(Waiter),
    errors: ['INVALID_EVENT_ID', 'UNAVAILABLE'],
  })
  async read(@RawId('/v2/waiters/') eventId: string, @HangUp() hangUp: GiveUpSignal): Promise<Waiter[]> {
    if (!isEventId(eventId)) throw new Problem('INVALID_EVENT_ID', EVENT_ID_FORM);
    return (await this.notices.waiters(eventId, hangUp)).map(waiterOf);
  }
}
