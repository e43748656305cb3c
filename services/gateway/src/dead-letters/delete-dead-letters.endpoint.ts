import type { GiveUpSignal } from '@stepwell/core';
import { Delete, Query } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { Endpoint } from '../http/endpoint.decorator';
import { JsonBody } from '../http/json-body.decorator';
import { RawId } from '../http/raw-id.decorator';
import { DeletedLetters } from './dead-letter.answers';
import { DeadLetterAsks, found } from './dead-letter.asks';
import { DeadLetterFinder } from './dead-letter.finder';
import { DeadLetterQuery } from './dead-letter.query';

const DEFAULT_COUNT = 100;
const MAX_COUNT = 1_000;

/** Forgets dead letters; their runs stay failed (protocol.md 12). With neither ids nor filters any are meant. */
@Endpoint('v2/workflows/dlq')
export class DeleteDeadLettersEndpoint {
  constructor(
    private readonly letters: DeadLetterAsks,
    private readonly finder: DeadLetterFinder,
  ) {}

  @Delete()
  @Described({
    id: 'deleteDeadLetters',
    tag: 'Dead letters',
    summary: 'Forget failed runs by id, by filters, or any',
    details: `They stay failed, but cannot be taken up again. Without ids and filters it is any, up to \`count\` (by default
${DEFAULT_COUNT}, at most ${MAX_COUNT}).`,
    answer: DeletedLetters,
    errors: ['UNAVAILABLE'],
  })
  async deleteMany(
    @Query() query: DeadLetterQuery,
    @JsonBody(DeadLetterQuery) body: DeadLetterQuery,
    @HangUp() hangUp: GiveUpSignal,
  ): Promise<DeletedLetters> {
    const asked = Object.assign(body, query);
    const most = Math.min(asked.count ?? DEFAULT_COUNT, MAX_COUNT);
    const { results, cursor } = await this.finder.each(asked, most, hangUp, async (dlqId) =>
      (await this.letters.remove(dlqId, hangUp)) ? dlqId : undefined,
    );
    return { deleted: results.length, ...(cursor === undefined ? {} : { cursor }) };
  }

  @Delete('-')
  @Described({
    id: 'deleteDeadLetter',
    tag: 'Dead letters',
    summary: 'Forget a failed run',
    answer: DeletedLetters,
    errors: ['UNKNOWN_DEAD_LETTER', 'UNAVAILABLE'],
  })
  async deleteOne(@RawId('/v2/workflows/dlq/') dlqId: string, @HangUp() hangUp: GiveUpSignal): Promise<DeletedLetters> {
    found(await this.letters.remove(dlqId, hangUp));
    return { deleted: 1 };
  }
}
