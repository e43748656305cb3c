import type { RunFilter } from '@stepwell/core';
import { PARTITIONS, runStream } from '@stepwell/core';
import type { Examination } from './examination';
import { SAMPLE } from './examination';

/*
 * Which runs are looked at: those that rows know of, and those that the log knows of, since either may lack some. All of them, or the
 * newest, live ones above all.
 */

const PREFIX = runStream('');
const PAGE = 1_000;

export async function selectedRuns(examination: Examination): Promise<string[]> {
  const ids = new Set<string>();
  const most = examination.isFull ? Infinity : SAMPLE / 2;
  for (const filter of [{ status: 'running' }, {}] as const) await addListed(examination, filter, most, ids);
  await addLogged(examination, ids);
  return [...ids];
}

async function addListed({ store }: Examination, filter: RunFilter, most: number, ids: Set<string>): Promise<void> {
  let cursor: string | undefined;
  let seen = 0;
  do {
    const count = Math.min(PAGE, most - seen);
    const page = await store.rows.list(filter, { count, ...(cursor === undefined ? {} : { cursor }) });
    for (const { runId } of page.rows) ids.add(runId);
    seen += page.rows.length;
    cursor = page.cursor;
  } while (cursor !== undefined && seen < most);
}

async function addLogged({ store, isFull }: Examination, ids: Set<string>): Promise<void> {
  const tails = isFull ? [] : await store.partitions();
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const newest = Math.ceil(SAMPLE / PARTITIONS);
    const after = isFull ? 0 : Math.max(0, (tails[partition]?.tail ?? 0) - newest);
    for await (const { stream } of store.log.positionsAfter(partition, after)) {
      if (stream.startsWith(PREFIX)) ids.add(stream.slice(PREFIX.length));
    }
  }
}
