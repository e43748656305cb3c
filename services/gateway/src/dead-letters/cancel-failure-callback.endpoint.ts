import type { GiveUpSignal } from '@stepwell/core';
import { Delete } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { nothing } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { RawId } from '../http/raw-id.decorator';
import { DeadLetterAsks, found } from './dead-letter.asks';

/** Calls a failure callback off that is still being tried (protocol.md 12). */
@Endpoint('v2/workflows/dlq/callback/-')
export class CancelFailureCallbackEndpoint {
  constructor(private readonly letters: DeadLetterAsks) {}

  @Delete()
  @Described({
    id: 'cancelFailureCallback',
    tag: 'Dead letters',
    summary: 'Call off a failure callback that is still being tried',
    answer: nothing,
    errors: ['UNKNOWN_DEAD_LETTER', 'NOT_FAILED', 'UNAVAILABLE'],
  })
  async cancel(
    @RawId('/v2/workflows/dlq/callback/') dlqId: string,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<Record<string, never>> {
    found(await this.letters.cancelCallback(dlqId, hangUp));
    return {};
  }
}
