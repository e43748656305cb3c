import type { GiveUpSignal } from '@stepwell/core';
import { Get, Header } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { asBytes } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { JSON_TYPE } from '../http/send-answer';
import { DeadLetter } from './dead-letter.answers';
import { DeadLetterAsks, found } from './dead-letter.asks';

/** One failed run, with how it failed (protocol.md 12). */
@Endpoint('v2/workflows/dlq/-')
export class ReadDeadLetterEndpoint {
  constructor(private readonly letters: DeadLetterAsks) {}

  @Get()
  @Header('content-type', JSON_TYPE)
  @Described({
    id: 'readDeadLetter',
    tag: 'Dead letters',
    summary: 'Read a failed run, and how it failed',
    answer: asBytes(DeadLetter),
    errors: ['UNKNOWN_DEAD_LETTER', 'UNAVAILABLE'],
  })
  async read(@RawId('/v2/workflows/dlq/') dlqId: string, @HangUp() hangUp: GiveUpSignal): Promise<Buffer> {
    return Buffer.from(found(await this.letters.read(dlqId, hangUp)));
  }
}
