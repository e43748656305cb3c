import { Get, Header, Query } from '@nestjs/common';
import { asks, message } from '@stepwell/core';
import { boundedMap } from '../asking/bounded-map';
import { HangUp } from '../asking/hang-up';
import { PatientAsker } from '../asking/patient-asker';
import { Endpoint } from '../http/endpoint.decorator';
import { JSON_TYPE } from '../http/send-answer';
import { accepted, RunAsks } from './run.asks';
import { filterOf, RunListQuery } from './run-list.query';

const DEFAULT_COUNT = 10;
/** With bodies a page is held in memory whole: no more than the hosted service gives (protocol.md 11). The cursor leads on. */
const MAX_COUNT = 10;
const MAX_COUNT_TRIMMED = 100;
const READS_AT_A_TIME = 8;

/** Runs with their grouped steps, newest first (protocol.md 11). A larger `count` than is given is no error: follow the cursor. */
@Endpoint('v2/workflows')
export class ListRunsEndpoint {
  constructor(
    private readonly asker: PatientAsker,
    private readonly runs: RunAsks,
  ) {}

  /** The clients' name of it, and the documented one. */
  @Get(['events', 'logs'])
  @Header('content-type', JSON_TYPE)
  async list(@Query() query: RunListQuery, @HangUp() hangUp: AbortSignal): Promise<Buffer> {
    const trimBody = query.trimBody === 'true';
    const count = Math.min(query.count ?? DEFAULT_COUNT, trimBody ? MAX_COUNT_TRIMMED : MAX_COUNT);
    const request = {
      filter: filterOf(query),
      count,
      ...(query.cursor === undefined || query.cursor === '' ? {} : { cursor: query.cursor }),
    };
    const { head } = accepted(await this.asker.ask(asks.ListRuns, 'any', message(request), hangUp));
    const logs = await boundedMap(head.rows, READS_AT_A_TIME, ({ runId }) => this.runs.log(runId, trimBody, hangUp));
    return page(
      logs.filter((log) => log !== undefined),
      head.cursor ?? '',
    );
  }
}

/** Each run is JSON already: it is joined, not parsed. */
function page(runs: readonly Uint8Array[], cursor: string): Buffer {
  const separated = runs.flatMap((run, place) => (place === 0 ? [run] : [Buffer.from(','), run]));
  return Buffer.concat([Buffer.from(`{"cursor":${JSON.stringify(cursor)},"runs":[`), ...separated, Buffer.from(']}')]);
}
