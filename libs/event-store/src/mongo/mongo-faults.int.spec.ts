import type { PartitionLost } from '@stepwell/core';
import { createFaultProxy, useMongod, useOwnMongod } from '@stepwell/testing';
import { ensureReplicaSetOfOne } from '../embedded/replica-set';
import { NewerStore, STORE_SCHEMA_VERSION } from '../store';
import { collect, event, PATIENCE, StreamHeads } from '../testing/log-fixture';
import { REAL_CLOCK } from '../testing/test-clocks';
import { MongoConnection } from './mongo.connection';
import { nativeCollection } from './mongo.schemas';
import { connectMongoStore } from './mongo.store';

const SILENT = { info: () => undefined, warn: () => undefined };

describe('a store whose mongod is killed', () => {
  const mongod = useOwnMongod(ensureReplicaSetOfOne);

  it('L4 loses nothing committed, resolves the unknown by a claim, and comes back by itself', async () => {
    const said: string[] = [];
    const say = (_details: object, message: string) => said.push(message);
    const store = connectMongoStore({
      uri: mongod.uri,
      dbName: mongod.databaseName,
      clock: REAL_CLOCK,
      logger: { info: say, warn: say },
    });
    await store.prepare();
    const heads = new StreamHeads();
    const committed = new Set<number>();
    let tenure = await store.log.claim(1, PATIENCE);
    const unknown: number[] = [];
    for (let kill = 0; kill < 3; kill += 1) {
      // Appends until the kill is felt.
      const gone = mongod.restart({ signal: 'SIGKILL' });
      while (!tenure.lost.aborted) {
        const batch = Array.from({ length: 20 }, () => heads.append(tenure, 'run', event('{}', Buffer.alloc(2_000))));
        const outcomes = await Promise.allSettled(batch.map((appended) => appended.committed));
        for (const [k, { status }] of outcomes.entries()) {
          const n = batch[k]?.n ?? 0;
          if (status === 'fulfilled') committed.add(n);
          else unknown.push(n);
        }
      }
      expect((tenure.lost.reason as PartitionLost).reason).toBe('unknown-outcome');
      await gone;
      const before = tenure;
      tenure = await store.log.claim(1, PATIENCE);
      expect(tenure.term).toBeGreaterThan(before.term);
      const entries = await heads.fold(store.log, 1, 'run');
      const found = new Set(entries.map(({ n }) => n));
      expect([...committed].filter((n) => !found.has(n))).toEqual([]);
      expect(entries.every(({ n }) => n < tenure.claimedAt)).toBe(true);
    }
    expect(unknown.length).toBeGreaterThan(0);
    const positions = await collect(store.log.positionsAfter(1, 0));
    expect(new Set(positions.map(({ n }) => n)).size).toBe(positions.length);
    await heads.append(tenure, 'run').committed;
    expect(store.isConnected()).toBe(true);
    expect(said).toContain('an insert has an unknown outcome');
    await store.close();
  }, 120_000);
});

describe('a store and its connection', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });
  const proxied = (port: number) => `mongodb://127.0.0.1:${String(port)}/${mongod.databaseName}?directConnection=true`;

  it('waits for a database that is not there yet, says so once, and prepares twice the same', async () => {
    const proxy = await createFaultProxy({ port: Number(new URL(mongod.uri).port) });
    proxy.cut();
    const warned: string[] = [];
    let heard = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (heard = resolve));
    const warn = (_: object, message: string): void => {
      warned.push(message);
      heard();
    };
    const logger = { info: () => undefined, warn };
    const { databaseName: dbName } = mongod;
    const store = connectMongoStore({ uri: proxied(proxy.port), dbName, clock: REAL_CLOCK, logger });
    const prepared = store.prepare();
    expect(() => store.epoch).toThrow('not prepared');
    await waiting;
    expect([store.isConnected(), warned]).toEqual([false, ['waiting for MongoDB to prepare the store']]);
    proxy.resume();
    await prepared;
    await store.prepare();
    expect([store.isConnected(), store.epoch]).toEqual([true, 1]);
    await store.close();
    await proxy.close();
  }, 60_000);

  it("T2 keeps the primary's time while it cannot be reached", async () => {
    const clock = { ...REAL_CLOCK, nowMs: () => 1_000 };
    const skewed = connectMongoStore({ uri: mongod.uri, dbName: mongod.databaseName, clock });
    expect(skewed.clock.nowMs()).toBe(1_000);
    await skewed.prepare();
    expect(Math.abs(skewed.clock.nowMs() - Date.now())).toBeLessThan(1_000);
    await skewed.close();
    expect(Math.abs(skewed.log.nowMs() - Date.now())).toBeLessThan(1_000);
  });

  it('L3 takes a hung insert for unknown, and finds out by a claim', async () => {
    const proxy = await createFaultProxy({ port: Number(new URL(mongod.uri).port) });
    const hung = connectMongoStore({ uri: proxied(proxy.port), dbName: mongod.databaseName, clock: REAL_CLOCK });
    await hung.prepare();
    const tenure = await hung.log.claim(9, PATIENCE);
    proxy.hold('answers');
    const sentAt = performance.now();
    const appended = new StreamHeads().append(tenure, 'run');
    await expect(appended.committed).rejects.toMatchObject({ reason: 'unknown-outcome' });
    expect(performance.now() - sentAt).toBeLessThan(15_000);
    proxy.resume();
    await hung.log.claim(9, PATIENCE);
    expect(await collect(hung.log.readStream(9, 'run'))).toHaveLength(1);
    await hung.close();
    await proxy.close();
  }, 60_000);

  it('refuses a newer layout', async () => {
    const dbName = `${mongod.databaseName}_newer`;
    const bare = new MongoConnection(mongod.uri, dbName, REAL_CLOCK, SILENT);
    await bare.untilDone(
      'plant',
      async () => {
        const metadata = nativeCollection<{ _id: string; epoch: number; schemaVersion: number }>(
          bare.mongoose,
          'metadata',
        );
        await metadata.insertOne({ _id: 'store', epoch: 3, schemaVersion: STORE_SCHEMA_VERSION + 1 });
      },
      () => true,
    );
    await bare.close();
    const older = connectMongoStore({ uri: mongod.uri, dbName, clock: REAL_CLOCK });
    await expect(older.prepare()).rejects.toThrow(NewerStore);
    await older.close();
  });

  it('ends its waiting when it is closed', async () => {
    const nowhere = connectMongoStore({ uri: 'mongodb://127.0.0.1:1', dbName: 'none', clock: REAL_CLOCK });
    const prepared = nowhere.prepare();
    await nowhere.close();
    await expect(prepared).rejects.toThrow();
  });
});
