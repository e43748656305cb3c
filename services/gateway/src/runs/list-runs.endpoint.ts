import type { GiveUpSignal } from '@stepwell/core';
import { Get, Header, Query } from '@nestjs/common';
import { boundedMap } from '../asking/bounded-map';
import { HangUp } from '../asking/hang-up';
import { Described } from '../description/described';
import { asBytes } from '../description/form';
import { Endpoint } from '../http/endpoint.decorator';
import { joined } from '../http/joined-json';
import { JSON_TYPE } from '../http/send-answer';
import { RunPage } from './run.answers';
import { RunAsks } from './run.asks';
import { RunLister } from './run.lister';
import { listFilterOf, RunListQuery } from './run-list.query';

const DEFAULT_COUNT = 10;
/** With bodies a page is held in memory whole: no more than the hosted service gives (protocol.md 11). The cursor leads on. */
const MAX_COUNT = 10;
const MAX_COUNT_TRIMMED = 100;
const READS_AT_A_TIME = 8;

/** Runs with their grouped steps, newest first (protocol.md 11). A larger `count` than is given is no error: follow the cursor. */
@Endpoint('v2/workflows')
export class ListRunsEndpoint {
  constructor(
    private readonly runs: RunAsks,
    private readonly lister: RunLister,
  ) {}

  /** The clients' name of it, and the documented one. */
  @Get(['events', 'logs'])
  @Header('content-type', JSON_TYPE)
  @Described({
    id: 'listRuns',
    tag: 'Runs',
    summary: 'List runs with their steps, newest first',
    details: `A page has at most 10 runs, or 100 with \`trimBody\`; a larger \`count\` is no error. Filters are joined by "and".`,
    answer: asBytes(RunPage),
    errors: ['UNAVAILABLE'],
  })
  async list(@Query() query: RunListQuery, @HangUp() hangUp: GiveUpSignal): Promise<Buffer> {
    const trimBody = query.trimBody === 'true';
    const count = Math.min(query.count ?? DEFAULT_COUNT, trimBody ? MAX_COUNT_TRIMMED : MAX_COUNT);
    const filter = listFilterOf(query);
    if (filter === undefined) return page([], '');
    const { rows, cursor = '' } = await this.lister.page(filter, count, query.cursor, hangUp);
    const logs = await boundedMap(rows, READS_AT_A_TIME, ({ runId }) => this.runs.log(runId, trimBody, hangUp));
    return page(
      logs.filter((log) => log !== undefined),
      cursor,
    );
  }
}

const page = (runs: readonly Uint8Array[], cursor: string): Buffer =>
  Buffer.concat([Buffer.from(`{"cursor":${JSON.stringify(cursor)},"runs":[`), joined(runs), Buffer.from(']}')]);
