import type { GiveUpSignal } from '@stepwell/core';
import { Get, Header, Query } from '@nestjs/common';
import { Problem } from '@stepwell/platform';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { asBytes } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { joined } from '../http/joined-json';
import { JSON_TYPE } from '../http/send-answer';
import { DeadLetterPage } from './dead-letter.answers';
import { DeadLetterAsks } from './dead-letter.asks';
import { DeadLetterFinder } from './dead-letter.finder';
import { DeadLetterListQuery } from './dead-letter.query';

const MAX_COUNT = 100;
/** A page is held in memory whole; the cursor leads on. */
const PAGE_BYTES = 16 * 1024 * 1024;

const PAGES = `A page has at most ${MAX_COUNT} failed runs, and fewer where they are large; a larger \`count\` is no error.`;

/** Failed runs, newest failure first (protocol.md 12). A larger `count` than is given is no error: follow the cursor. */
@Endpoint('v2')
export class ListDeadLettersEndpoint {
  constructor(
    private readonly letters: DeadLetterAsks,
    private readonly finder: DeadLetterFinder,
  ) {}

  @Get('workflows/dlq')
  @Header('content-type', JSON_TYPE)
  @Described({
    id: 'listDeadLetters',
    tag: 'Dead letters',
    summary: 'List failed runs, newest failure first',
    details: PAGES,
    answer: asBytes(DeadLetterPage),
    errors: ['UNAVAILABLE'],
  })
  async list(@Query() query: DeadLetterListQuery, @HangUp() hangUp: GiveUpSignal): Promise<Buffer> {
    if (query.dlqIds !== undefined && query.dlqIds.length > MAX_COUNT) {
      throw new Problem('INVALID_QUERY', `at most ${MAX_COUNT} dlqIds can be read at a time`);
    }
    const count = Math.min(query.count ?? MAX_COUNT, MAX_COUNT);
    const read = (dlqId: string): Promise<Uint8Array | undefined> => this.letters.read(dlqId, hangUp);
    const { results, cursor } = await this.finder.each(query, count, hangUp, read, PAGE_BYTES);
    // At the end no cursor at all: an empty one would be followed (protocol.md 12).
    const end = cursor === undefined ? ']}' : `],"cursor":${JSON.stringify(cursor)}}`;
    return Buffer.concat([Buffer.from('{"messages":['), joined(results), Buffer.from(end)]);
  }

  /** As the clients ask for it. */
  @Get('dlq')
  @Header('content-type', JSON_TYPE)
  @Described({
    id: 'listDeadLettersOfSource',
    tag: 'Dead letters',
    summary: 'List failed runs as the client libraries ask for them, with `source=workflow`',
    details: `Without that parameter it is NOT_SUPPORTED. ${PAGES}`,
    answer: asBytes(DeadLetterPage),
    errors: ['NOT_SUPPORTED', 'UNAVAILABLE'],
  })
  async listOfWorkflows(@Query() query: DeadLetterListQuery, @HangUp() hangUp: GiveUpSignal): Promise<Buffer> {
    if (query.source !== undefined) return this.list(query, hangUp);
    throw new Problem(
      'NOT_SUPPORTED',
      'dead letters of messages outside a workflow run are not supported by this server yet; those of runs are at source=workflow',
    );
  }
}
