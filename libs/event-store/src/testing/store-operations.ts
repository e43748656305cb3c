import { EntryTooLarge, type FailureCallbackState, PartitionLost, type RunFilter, type Tenure } from '@stepwell/core';
import fc from 'fast-check';
import type { Store } from '../store';
import {
  collect,
  event,
  eventOf,
  PATIENCE,
  type StoreFixture,
  StreamHeads,
  type Writer,
  writerOn,
} from './log-fixture';
import { runRow, sha256Of, timerRow } from './read-models.contract';
import { answerLost, requestLost } from './scripted.log-driver';

/** One thing done to a store by one of two processes. What it answers is text, so that two stores can be compared. */
export type Operation = (world: World) => Promise<unknown>;

/** Two writing processes and a reader on one database. */
export class World {
  readonly writers: readonly [Writer, Writer];
  /** Each process its own: what one appended in vain is no head to the other. */
  readonly heads: readonly [StreamHeads, StreamHeads] = [new StreamHeads(), new StreamHeads()];
  private readonly tenures = new Map<string, Tenure>();

  constructor(
    fixture: StoreFixture,
    readonly store: Store,
  ) {
    this.writers = [writerOn(fixture.driver), writerOn(fixture.driver)];
  }

  async claim(by: 0 | 1, partition: number): Promise<unknown> {
    const tenure = await this.writers[by].log.claim(partition, PATIENCE);
    this.tenures.set(`${by}/${partition}`, tenure);
    for (const stream of ['a', 'b']) {
      await this.heads[by].fold(this.writers[by].log, partition, `${stream}${partition}`);
    }
    return { term: tenure.term, claimedAt: tenure.claimedAt, now: tenure.nowMs() };
  }

  async withTenure(by: 0 | 1, partition: number, use: (tenure: Tenure) => Promise<unknown>): Promise<unknown> {
    const tenure = this.tenures.get(`${by}/${partition}`);
    return tenure === undefined ? 'never claimed' : use(tenure);
  }
}

const by = fc.constantFrom<(0 | 1)[]>(0, 1);
const partition = fc.constantFrom(0, 1);
const runId = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5');
const word = fc.constantFrom('x', 'y', '$z');
const eventType = fc.constantFrom('Happened', 'Snapshot');
const failureState = fc.constantFrom<FailureCallbackState[]>('in-progress', 'failed');
const smallInt = fc.integer({ min: 1, max: 6 });

const claim = fc.tuple(by, partition).map(
  ([who, p]): Operation =>
    (world) =>
      world.claim(who, p),
);

const append = fc
  .tuple(
    by,
    partition,
    fc.constantFrom('a', 'b'),
    fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }),
    smallInt,
    eventType,
  )
  .map(
    ([who, p, stream, bodies, count, type]): Operation =>
      (world) =>
        world.withTenure(who, p, async (tenure) => {
          const appended = Array.from({ length: count }, (_, k) =>
            world.heads[who].append(
              tenure,
              `${stream}${p}`,
              eventOf(type, JSON.stringify({ k, '$.': null }), ...bodies),
            ),
          );
          const outcomes = await Promise.allSettled(appended.map(({ committed }) => committed));
          return appended.map(({ n, at, sum }, k) => [n, at, sum, outcomes[k]?.status]);
        }),
  );

const tooLarge = fc.tuple(by, partition).map(
  ([who, p]): Operation =>
    (world) =>
      world.withTenure(who, p, (tenure) => {
        tenure.append(world.heads[who].draft(`a${p}`, event('{}', Buffer.alloc(5 * 1024 * 1024))));
        return Promise.resolve();
      }),
);

const release = fc.tuple(by, partition).map(
  ([who, p]): Operation =>
    (world) =>
      world.withTenure(who, p, async (tenure) => {
        await tenure.release();
        return [tenure.lost.aborted, [...world.writers[who].log.held()]];
      }),
);

const fault = fc.tuple(by, fc.constantFrom(answerLost, requestLost)).map(([who, script]): Operation => (world) => {
  world.writers[who].driver.script(script);
  return Promise.resolve();
});

const travel = fc.tuple(by, fc.integer({ min: -5_000, max: 5_000 })).map(([who, byMs]): Operation => (world) => {
  world.writers[who].clock.now += byMs;
  return Promise.resolve();
});

const read = fc
  .tuple(by, partition, fc.constantFrom('a', 'b'), fc.option(smallInt, { nil: 1 }), smallInt, eventType)
  .map(([who, p, stream, fromVersion, more, type]): Operation => async ({ writers }) => {
    const { log } = writers[who];
    const range = { fromVersion, toVersion: fromVersion + more };
    const entries = await collect(log.readStream(p, `${stream}${p}`, range));
    const newest = await log.lastEntryOf(p, `${stream}${p}`, type);
    const older = await log.lastEntryOf(p, `${stream}${p}`, type, newest?.version);
    return [
      [...entries, newest, older].map((entry) => ({
        ...entry,
        events: entry?.events.map((one) => JSON.stringify(one)),
      })),
      await collect(log.positionsAfter(p, more)),
      await log.streamsAt(p, [more, fromVersion, 1]),
    ];
  });

const checkpoint = fc.tuple(by, partition, smallInt, fc.array(smallInt)).map(
  ([who, p, n, holes]): Operation =>
    (world) =>
      world.withTenure(who, p, async (tenure) => {
        await world.writers[who].log.writeCheckpoint(tenure, { n, holes });
        return world.writers[who].log.readCheckpoint(p);
      }),
);

const upsert = fc
  .array(
    fc.record({
      runId,
      version: smallInt,
      status: fc.constantFrom('running', 'failed'),
      url: word,
      callerIp: word,
      createdAt: smallInt,
      labels: fc.uniqueArray(word),
      deadLetter: fc.option(
        fc.record(
          { dlqId: word, failedAt: smallInt, responseStatus: smallInt, failureState },
          { requiredKeys: ['dlqId', 'failedAt', 'responseStatus'] },
        ),
        { nil: undefined },
      ),
    }),
    { maxLength: 5 },
  )
  .map(
    (rows): Operation =>
      ({ store }) =>
        store.rows.upsert(rows.map((row) => runRow(row.runId, row))),
  );

const anyOf = fc.oneof(word, fc.array(word));

const list = fc
  .tuple(
    fc.record(
      {
        runIds: fc.array(runId),
        workflowUrl: anyOf,
        urlPrefix: fc.constantFrom('', 'x', '$', '$z', 'xy', '\ud83d'),
        deadLetters: fc.record({ responseStatus: smallInt, failureState }, { requiredKeys: [] }),
        status: fc.constantFrom('running', 'failed'),
        labels: fc.array(word),
        callerIp: anyOf,
        flowControlKey: anyOf,
        createdAt: smallInt,
        fromMs: smallInt,
        toMs: smallInt,
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<RunFilter>,
    smallInt,
  )
  .map(([filter, count]): Operation => async ({ store }) => {
    const first = await store.rows.list(filter, { count });
    const { cursor } = first;
    return [first, cursor === undefined ? undefined : await store.rows.list(filter, { count, cursor })];
  });

const marks = fc.tuple(partition, smallInt).map(([p, n]): Operation => async ({ store }) => {
  const before = await store.rows.completeUpTo(p);
  await store.rows.markComplete(p, n);
  return [before, await store.rows.completeUpTo(p)];
});

const timers = fc
  .tuple(
    fc.array(fc.tuple(runId, partition, smallInt)),
    fc.array(runId, { maxLength: 1 }),
    fc.array(partition),
    smallInt,
  )
  .map(([put, remove, asked, limit]): Operation => async ({ store }) => {
    await store.timers.put(put.map(([id, p, dueAt]) => timerRow(id, { partition: p, dueAt })));
    await store.timers.remove(remove);
    return [await store.timers.due(asked, limit, limit), await store.timers.count(asked)];
  });

const blobs = fc.tuple(runId, fc.uint8Array(), runId).map(([run, bytes, other]): Operation => async ({ store }) => {
  await store.blobs.put(run, sha256Of(bytes), bytes);
  const found = await store.blobs.get(other, sha256Of(bytes));
  return found === undefined ? undefined : Buffer.from(found).toString('hex');
});

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: claim },
  { weight: 6, arbitrary: append },
  ...[tooLarge, release, fault, travel, read, checkpoint, upsert, list, marks, timers, blobs].map((arbitrary) => ({
    weight: arbitrary === read || arbitrary === list || arbitrary === upsert ? 3 : 1,
    arbitrary,
  })),
);

/** What a world answers to all of them, errors included. */
export async function transcriptOf(world: World, operations: readonly Operation[]): Promise<string[]> {
  const transcript: string[] = [];
  for (const operate of operations) {
    try {
      transcript.push(JSON.stringify([await operate(world)]));
    } catch (error) {
      if (!(error instanceof PartitionLost || error instanceof EntryTooLarge)) throw error;
      transcript.push(error.message);
    }
  }
  return transcript;
}
