import type { GiveUpSignal } from '@stepwell/core';
import { Injectable } from '@nestjs/common';
import { boundedMap } from '../asking/bounded-map';
import { RunLister } from '../runs/run.lister';
import type { DeadLetterQuery } from './dead-letter.query';
import { deadLetterFilterOf } from './dead-letter.query';

/** So few that a page of bodies is weighed now and then. */
const CHUNK = 10;
const AT_A_TIME = 8;

export interface FoundLetters<Result> {
  readonly results: readonly Result[];
  /** Where to go on; absent at the end. */
  readonly cursor?: string;
}

/** Does something with each of the dead letters that a query means, newest failure first. */
@Injectable()
export class DeadLetterFinder {
  constructor(private readonly lister: RunLister) {}

  /**
   * Those that `each` answers with `undefined` for are gone meanwhile, and don't count. By filter no more than `most` are found; before
   * that it ends where the results weigh `mostBytes`.
   */
  async each<Result>(
    query: DeadLetterQuery,
    most: number,
    hangUp: GiveUpSignal,
    each: (dlqId: string) => Promise<Result | undefined>,
    mostBytes = Infinity,
  ): Promise<FoundLetters<Result>> {
    if (query.dlqIds !== undefined) return { results: await present([...new Set(query.dlqIds)], each) };
    const filter = deadLetterFilterOf(query);
    if (filter === undefined) return { results: [] };
    const results: Result[] = [];
    let bytes = 0;
    let { cursor } = query;
    do {
      const page = await this.lister.page(filter, Math.min(CHUNK, most - results.length), cursor, hangUp);
      const done = await present(
        page.rows.flatMap(({ deadLetter }) => (deadLetter === undefined ? [] : [deadLetter.dlqId])),
        each,
      );
      results.push(...done);
      bytes += done.reduce((sum, one) => sum + (one instanceof Uint8Array ? one.byteLength : 0), 0);
      ({ cursor } = page);
    } while (cursor !== undefined && results.length < most && bytes < mostBytes);
    return { results, ...(cursor === undefined ? {} : { cursor }) };
  }
}

async function present<Result>(
  dlqIds: readonly string[],
  each: (dlqId: string) => Promise<Result | undefined>,
): Promise<Result[]> {
  const results = await boundedMap(dlqIds, AT_A_TIME, each);
  return results.filter((result) => result !== undefined);
}
