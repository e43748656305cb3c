import type { GiveUpSignal } from '@stepwell/core';
import { Get, Header } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { asBytes } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { JSON_TYPE } from '../http/send-answer';
import { PendingMessage } from './message.answers';
import { MessageAsks } from './message.asks';

/** A message that is still to be delivered (protocol.md 13.2); 404 afterwards. */
@Endpoint('v2/messages/-')
export class ReadMessageEndpoint {
  constructor(private readonly messages: MessageAsks) {}

  @Get()
  @Header('content-type', JSON_TYPE)
  @Described({
    id: 'readMessage',
    tag: 'Messages',
    summary: 'Read a message that is still to be delivered',
    answer: asBytes(PendingMessage),
    errors: ['UNKNOWN_MESSAGE', 'UNAVAILABLE'],
  })
  async read(@RawId('/v2/messages/') messageId: string, @HangUp() hangUp: GiveUpSignal): Promise<Buffer> {
    return Buffer.from(await this.messages.read(messageId, hangUp));
  }
}
