import { Delete, Query } from '@nestjs/common';
import { HangUp } from '../asking/hang-up';
import { Endpoint } from '../http/endpoint.decorator';
import { JsonBody } from '../http/json-body.decorator';
import { RawId } from '../http/raw-id.decorator';
import { DeadLetterAsks, found } from './dead-letter.asks';
import { DeadLetterFinder } from './dead-letter.finder';
import { DeadLetterQuery } from './dead-letter.query';

const DEFAULT_COUNT = 100;
const MAX_COUNT = 1_000;

export interface DeletedLetters {
  readonly deleted: number;
  /** Where to go on; absent at the end. */
  readonly cursor?: string;
}

/** Forgets dead letters; their runs stay failed (protocol.md 12). With neither ids nor filters any are meant. */
@Endpoint('v2/workflows/dlq')
export class DeleteDeadLettersEndpoint {
  constructor(
    private readonly letters: DeadLetterAsks,
    private readonly finder: DeadLetterFinder,
  ) {}

  @Delete()
  async deleteMany(
    @Query() query: DeadLetterQuery,
    @JsonBody(DeadLetterQuery) body: DeadLetterQuery,
    @HangUp() hangUp: AbortSignal,
  ): Promise<DeletedLetters> {
    const asked = Object.assign(body, query);
    const most = Math.min(asked.count ?? DEFAULT_COUNT, MAX_COUNT);
    const { results, cursor } = await this.finder.each(asked, most, hangUp, async (dlqId) =>
      (await this.letters.remove(dlqId, hangUp)) ? dlqId : undefined,
    );
    return { deleted: results.length, ...(cursor === undefined ? {} : { cursor }) };
  }

  @Delete('-')
  async deleteOne(@RawId('/v2/workflows/dlq/') dlqId: string, @HangUp() hangUp: AbortSignal): Promise<DeletedLetters> {
    found(await this.letters.remove(dlqId, hangUp));
    return { deleted: 1 };
  }
}
