import type { TimerRow } from '@stepwell/core';
import { PARTITIONS } from '@stepwell/core';
import { useMongod } from '@stepwell/testing';
import { ensureReplicaSetOfOne } from '../embedded/replica-set';
import { EVENT_SCHEMA_VERSION } from '../log/partition.claim';
import { MongoConnection } from '../mongo/mongo.connection';
import { connectMongoStore } from '../mongo/mongo.store';
import { STORE_SCHEMA_VERSION, type Store } from '../store';
import { SILENT_LOGGER } from '../store-logger';
import { runRow, timerRow } from '../testing/read-models.contract';
import { REAL_CLOCK } from '../testing/test-clocks';
import { inspectMongoStore } from './mongo.inspection';
import type { StoreInspection } from './store.inspection';

describe('a store, looked at from outside', () => {
  const mongod = useMongod(ensureReplicaSetOfOne);
  let inspection: StoreInspection;
  let store: Store;
  let bare: MongoConnection;

  beforeEach(async () => {
    const { uri, databaseName: dbName } = mongod;
    inspection = await inspectMongoStore({ uri, dbName, clock: REAL_CLOCK });
    store = connectMongoStore({ uri, dbName, clock: REAL_CLOCK });
    bare = new MongoConnection(uri, dbName, REAL_CLOCK, SILENT_LOGGER);
    await bare.untilDone(
      'test',
      () => Promise.resolve(),
      () => true,
    );
  });
  afterEach(async () => {
    await inspection.close();
    await store.close();
    await bare.close();
  });

  it('tells what server it is on, and what time it is there', async () => {
    expect(await inspection.server()).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+/) as string,
      replicaSet: 'stepwell',
      isPrimary: true,
    });
    const { aheadMs } = await inspection.server();
    expect(Math.abs(aheadMs)).toBeLessThan(500);
    const slow = { ...REAL_CLOCK, nowMs: () => Date.now() - 60_000, monotonicMs: () => performance.now() };
    const late = await inspectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock: slow });
    expect(Math.abs((await late.server()).aheadMs - 60_000)).toBeLessThan(500);
    await late.close();
  });

  it('makes nothing by looking', async () => {
    expect(await inspection.layout()).toBeUndefined();
    expect((await inspection.missingIndexes()).length).toBeGreaterThan(10);
    expect(await inspection.members()).toEqual([]);
    expect((await inspection.partitions())[0]).toEqual({
      ...{ partition: 0, tail: 0, checkpoint: 0, holes: 0, eventSchema: 0 },
    });
    expect(await bare.mongoose.db?.listCollections().toArray()).toEqual([]);
  });

  it('tells which indexes are missing, or not what they have to be, and makes them', async () => {
    await store.prepare();
    expect(await inspection.layout()).toEqual({ epoch: 1, schemaVersion: STORE_SCHEMA_VERSION });
    expect(await inspection.missingIndexes()).toEqual([]);
    await bare.mongoose.collection('timers').drop();
    await bare.mongoose.collection('run_rows').dropIndex('waitingFor_1_createdAt_-1__id_-1');
    await bare.mongoose.collection('log').dropIndex('p_1_stream_1_version_1');
    await bare.mongoose.collection('log').createIndex({ p: 1, stream: 1, version: 1 }, {}, {});
    expect(await inspection.missingIndexes()).toEqual([
      { collection: 'log', fields: 'p,stream,version' },
      { collection: 'run_rows', fields: 'waitingFor,createdAt,_id' },
      { collection: 'timers', fields: '_id' },
      { collection: 'timers', fields: 'partition,dueAt,_id' },
    ]);
    await bare.mongoose.collection('log').dropIndex('p_1_stream_1_version_1');
    await inspection.mendIndexes();
    expect(await inspection.missingIndexes()).toEqual([]);
  });

  it('tells of members by their pulse, and of partitions by their entries and checkpoints', async () => {
    await store.prepare();
    const membership = store.membership('run-state', { memberId: 'one', leaseMs: 400 });
    await membership.start();
    const tenure = await store.log.claim(7, AbortSignal.timeout(5_000));
    const event = { type: 'Happened', data: '{}', bodies: [] };
    await tenure.append({ stream: 'run-a', version: 1, previousSum: '', events: [event] }).committed;
    await store.log.writeCheckpoint(tenure, { n: 1, holes: [1] });
    const [before] = await inspection.members();
    expect(before).toMatchObject({ role: 'run-state', memberId: 'one' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const [after] = await inspection.members();
    expect(after?.pulse).not.toBe(before?.pulse);
    expect(after?.holds).toEqual([7]);
    await membership.stop();
    const partitions = await inspection.partitions();
    expect(partitions).toHaveLength(PARTITIONS);
    expect(partitions[7]).toEqual({
      ...{ partition: 7, tail: 2, checkpoint: 1, holes: 1, eventSchema: EVENT_SCHEMA_VERSION },
    });
  });

  it('reads all timers, removes some, and rows', async () => {
    await store.prepare();
    const timers = ['a', 'b', 'c'].map((id) => timerRow(id));
    await store.timers.put(timers);
    const seen: TimerRow[] = [];
    for await (const timer of inspection.everyTimer()) seen.push(timer);
    expect(seen).toEqual(timers);
    expect(await inspection.timersOf(['b', 'nobody'])).toEqual([timers[1]]);
    await inspection.timers.remove(['b']);
    expect(await inspection.timersOf(['b'])).toEqual([]);
    await store.rows.upsert([runRow('x'), runRow('y')]);
    await inspection.removeRows(['x']);
    expect((await inspection.rows.list({}, { count: 9 })).rows).toEqual([runRow('y')]);
  });

  it('says at once that there is no server', async () => {
    const uri = 'mongodb://127.0.0.1:9/?directConnection=true';
    await expect(inspectMongoStore({ uri, dbName: 'x', clock: REAL_CLOCK })).rejects.toThrow(/ECONNREFUSED/);
  });
});
