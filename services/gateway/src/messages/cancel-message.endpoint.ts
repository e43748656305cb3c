import type { GiveUpSignal } from '@stepwell/core';
import { Delete } from '@nestjs/common';
import { Problem } from '@stepwell/platform';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { CancelledMessages } from './message.answers';
import { MessageAsks } from './message.asks';

/** Cancels a message, and with it its run, which could never go on without it (protocol.md 13.2). */
@Endpoint('v2/messages/-')
export class CancelMessageEndpoint {
  constructor(private readonly messages: MessageAsks) {}

  @Delete()
  @Described({
    id: 'cancelMessage',
    tag: 'Messages',
    summary: 'Cancel a message, and with it its run',
    details: 'The run could never go on without it.',
    answer: CancelledMessages,
    errors: ['UNKNOWN_MESSAGE', 'UNAVAILABLE'],
  })
  async cancel(@RawId('/v2/messages/') messageId: string, @HangUp() hangUp: GiveUpSignal): Promise<CancelledMessages> {
    if (!(await this.messages.cancel(messageId, hangUp))) throw new Problem('UNKNOWN_MESSAGE');
    return { cancelled: 1 };
  }
}
