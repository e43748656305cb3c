import { Get, Header } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { JSON_TYPE } from '../http/send-answer';
import { DeadLetterAsks, found } from './dead-letter.asks';

/** One failed run, with how it failed (protocol.md 12). */
@Endpoint('v2/workflows/dlq/-')
export class ReadDeadLetterEndpoint {
  constructor(private readonly letters: DeadLetterAsks) {}

  @Get()
  @Header('content-type', JSON_TYPE)
  async read(@RawId('/v2/workflows/dlq/') dlqId: string, @HangUp() hangUp: AbortSignal): Promise<Buffer> {
    return Buffer.from(found(await this.letters.read(dlqId, hangUp)));
  }
}
