import { Injectable } from '@nestjs/common';
import type { GiveUpSignal, ListRunsAnswer, RunFilter, RunRow } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { PatientAsker } from '../asking/patient-asker';
import { accepted } from './run.asks';

/** Lists of runs. Every page holds the rows of everything that was committed before it was asked for (L9). */
@Injectable()
export class RunLister {
  constructor(private readonly asker: PatientAsker) {}

  /** An empty cursor is none: some clients send it for the first page. */
  async page(
    filter: RunFilter,
    count: number,
    cursor: string | undefined,
    hangUp: GiveUpSignal,
  ): Promise<ListRunsAnswer> {
    const request = { filter, count, ...(cursor === undefined || cursor === '' ? {} : { cursor }) };
    return accepted(await this.asker.ask(asks.ListRuns, 'any', message(request), hangUp)).head;
  }

  /** Page after page, as long as the caller wants more. */
  async *pages(filter: RunFilter, count: number, hangUp: GiveUpSignal): AsyncGenerator<readonly RunRow[]> {
    let cursor: string | undefined;
    do {
      const page = await this.page(filter, count, cursor, hangUp);
      yield page.rows;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}
