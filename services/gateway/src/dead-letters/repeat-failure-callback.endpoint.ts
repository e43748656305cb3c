import type { GiveUpSignal } from '@stepwell/core';
import { HttpCode, Post } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { NamedRun } from './dead-letter.answers';
import { DeadLetterAsks, found } from './dead-letter.asks';

/** Makes a failed run's failure callback once more, if that failed or was called off (protocol.md 12). */
@Endpoint('v2/workflows/dlq/callback/-')
export class RepeatFailureCallbackEndpoint {
  constructor(private readonly letters: DeadLetterAsks) {}

  @Post()
  @HttpCode(200)
  @Described({
    id: 'repeatFailureCallback',
    tag: 'Dead letters',
    summary: 'Make a failed run’s failure callback once more',
    details: 'If it failed or was called off; the answer names the run.',
    answer: NamedRun,
    errors: ['UNKNOWN_DEAD_LETTER', 'NOT_FAILED', 'UNAVAILABLE'],
  })
  async repeat(@RawId('/v2/workflows/dlq/callback/') dlqId: string, @HangUp() hangUp: GiveUpSignal): Promise<NamedRun> {
    return found(await this.letters.repeatCallback(dlqId, hangUp));
  }
}
