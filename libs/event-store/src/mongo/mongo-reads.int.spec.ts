import type { RunFilter } from '@stepwell/core';
import { useMongod } from '@stepwell/testing';
import { ensureReplicaSetOfOne } from '../embedded/replica-set';
import { entryId } from '../log/log-position';
import type { Store } from '../store';
import { SILENT_LOGGER } from '../store-logger';
import { eventOf } from '../testing/log-fixture';
import { deadLetterRow, runRow } from '../testing/read-models.contract';
import { REAL_CLOCK } from '../testing/test-clocks';
import { MongoConnection } from './mongo.connection';
import { MongoLogDriver } from './mongo.log-driver';
import { nativeCollection } from './mongo.schemas';
import { connectMongoStore } from './mongo.store';

interface Profiled {
  readonly _id: string;
  readonly planSummary: string;
  readonly keysExamined: number;
  readonly docsExamined: number;
  readonly hasSortStage?: boolean;
}

const RUNS = 5_000;
/** One in so many failed. */
const PER_FAILURE = 10;

/** What the server does for what is asked often or of much: the profiler tells, whatever the query looks like. */
describe('what reads of a full store cost', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });
  let store: Store;
  let bare: MongoConnection;

  beforeAll(async () => {
    const { uri, databaseName: dbName } = mongod;
    store = connectMongoStore({ uri, dbName, clock: REAL_CLOCK });
    await store.prepare();
    bare = new MongoConnection(uri, dbName, REAL_CLOCK, SILENT_LOGGER);
    await bare.untilDone(
      'test',
      () => Promise.resolve(),
      () => false,
    );
    const changes = (k: number) => ({
      createdAt: k,
      url: k % 500 < 4 ? `http://rare/${k}` : `http://app/${k % 7}`,
      ...(k % 1_000 === 0 && { labels: ['rare'], callerIp: 'rare', flowControlKey: 'rare' }),
      ...(k % 1_000 === 1 && { waitingFor: 'child' as const }),
    });
    const rows = Array.from({ length: RUNS }, (_, k) => {
      if (k % PER_FAILURE !== 0) return runRow(`r${k}`, changes(k));
      const responseStatus = k % 1_000 === 0 ? 404 : 500;
      return deadLetterRow(`r${k}`, RUNS + k, {
        ...changes(k),
        responseStatus,
        failureState: responseStatus === 404 ? 'cancelled' : 'failed',
      });
    });
    await store.rows.upsert(rows);
  });

  afterAll(async () => {
    await store.close();
    await bare.close();
  });

  const profileOf = async (read: () => Promise<unknown>): Promise<Profiled[]> => {
    await bare.mongoose.db?.command({ profile: 2 });
    await read();
    await bare.mongoose.db?.command({ profile: 0 });
    const profile = bare.mongoose.collection<Profiled>('system.profile');
    const seen = await profile.find({ op: { $in: ['query', 'getmore'] } }).toArray();
    await profile.drop();
    return seen;
  };

  it.each<{ name: string; filter: RunFilter; found: number }>([
    { name: 'all', filter: {}, found: 20 },
    { name: 'some', filter: { fromMs: RUNS + 100, toMs: RUNS + 200 }, found: 11 },
    { name: 'those of a URL', filter: { workflowUrl: 'http://rare/1000' }, found: 1 },
    { name: 'those with a label', filter: { labels: ['rare'] }, found: 5 },
    { name: 'those of a caller', filter: { callerIp: 'rare' }, found: 5 },
    { name: 'those of a flow-control key', filter: { flowControlKey: 'rare' }, found: 5 },
    { name: 'those of several callers', filter: { callerIp: ['rare', 'nobody'] }, found: 5 },
    { name: 'those with a status', filter: { deadLetters: { responseStatus: 404 } }, found: 5 },
    { name: "those in a callback's state", filter: { deadLetters: { failureState: 'cancelled' } }, found: 5 },
    { name: 'those below a URL', filter: { urlPrefix: 'http://rare/' }, found: 10 },
  ])('dead letters, $name: the index gives them in order', async ({ filter, found }) => {
    let listed = 0;
    const [query] = await profileOf(async () => {
      listed = (await store.rows.list({ deadLetters: {}, ...filter }, { count: 20 })).rows.length;
    });
    expect(listed).toBe(found);
    expect(query?.planSummary).toContain('deadLetter.failedAt');
    expect(query?.docsExamined).toBeLessThanOrEqual(found + 1);
    expect(query?.hasSortStage ?? false).toBe(filter.urlPrefix !== undefined);
  });

  it.each<{ name: string; filter: RunFilter; index: string; found: number }>([
    { name: 'below a URL', filter: { urlPrefix: 'http://rare/' }, index: '{ url: 1, createdAt: -1', found: 40 },
    {
      name: 'of several keys',
      filter: { flowControlKey: ['rare', 'no'] },
      index: '{ flowControlKey: 1, cre',
      found: 5,
    },
    {
      name: 'that wait for a child',
      filter: { waitingFor: 'child' },
      index: '{ waitingFor: 1, createdAt: -1',
      found: 5,
    },
    {
      name: 'that wait for one of several',
      filter: { waitingFor: ['child', 'copy'] },
      index: '{ waitingFor: 1, createdAt: -1',
      found: 5,
    },
  ])('runs, those $name: ranges of their index', async ({ filter, index, found }) => {
    let listed = 0;
    const [query] = await profileOf(async () => {
      listed = (await store.rows.list(filter, { count: 100 })).rows.length;
    });
    expect(listed).toBe(found);
    expect(query?.planSummary).toContain(index);
    expect(query?.docsExamined).toBe(found);
  });

  it('the last entry of a type: backwards along the stream, in looks of bounded size', async () => {
    const driver = new MongoLogDriver(bare.mongoose, SILENT_LOGGER);
    const plant = (stream: string, firstN: number, count: number) =>
      driver.insertMany(
        Array.from({ length: count }, (_, k) => {
          const events = [eventOf(k === count - 100 ? 'Snapshot' : 'Happened')];
          return { _id: entryId(1, firstN + k), p: 1, stream, version: k + 1, at: 1, term: 1, events, sum: '' };
        }),
      );
    await plant('mailbox-a', 1, 3_500);
    await plant('mailbox-b', 4_000, 3_500);
    const [head, found, ...more] = await profileOf(() => driver.lastOfType(1, 'mailbox-a', 'Snapshot', Infinity));
    expect(head).toMatchObject({ keysExamined: 1, docsExamined: 0 });
    expect(found).toMatchObject({ docsExamined: 100, planSummary: 'IXSCAN { p: 1, stream: 1, version: 1 }' });
    expect(more).toEqual([]);
    const looks = await profileOf(() => driver.lastOfType(1, 'mailbox-a', 'Nothing', Infinity));
    expect(looks.map(({ docsExamined }) => docsExamined)).toEqual([0, 1_000, 1_000, 1_000, 500]);
    expect(looks.map(({ hasSortStage }) => hasSortStage ?? false)).toEqual(Array(5).fill(false));
  });
});

describe('a store that 0.1.0 wrote', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });

  it('L9 has no complete rows', async () => {
    const { uri, databaseName: dbName } = mongod;
    const bare = new MongoConnection(uri, dbName, REAL_CLOCK, SILENT_LOGGER);
    await bare.untilDone(
      'plant',
      async () => {
        const marks = nativeCollection<{ _id: string; completeUpTo: number }>(bare.mongoose, 'runRows');
        await marks.insertMany(Array.from({ length: 64 }, (_, p) => ({ _id: `~complete/${p}`, completeUpTo: 1_000 })));
      },
      () => true,
    );
    await bare.close();
    const store = connectMongoStore({ uri, dbName, clock: REAL_CLOCK });
    await store.prepare();
    expect(await store.rows.completeUpTo(2)).toBeUndefined();
    await store.rows.markComplete(2, 5);
    expect(await store.rows.completeUpTo(2)).toBe(5);
    expect((await store.rows.list({}, { count: 10 })).rows).toEqual([]);
    await store.close();
  });
});
