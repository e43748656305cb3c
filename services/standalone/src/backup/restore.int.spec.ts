import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectMongoStore, ensureReplicaSetOfOne } from '@stepwell/event-store';
import { inspectNats } from '@stepwell/messaging';
import { SystemClock } from '@stepwell/platform';
import { useMongod, useNatsServer } from '@stepwell/testing';
import { backUp } from './backup.command';
import { restoreFrom } from './restore.command';

/* Which epoch a restored store has, beside what NATS knows. What is restored is in event-store's spec; that runs go on, in the drill. */
describe('restore', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });
  const nats = useNatsServer({ per: 'describe' });
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-restore-'));
  const from = join(folder, 'backup');
  const flags = { from, check: false, withoutNats: false, json: true };

  const envOf = (databaseName: string) => ({
    STEPWELL_MONGODB_URI: mongod.uri,
    STEPWELL_MONGODB_DATABASE: databaseName,
  });
  const withNats = (databaseName: string) => ({
    ...envOf(databaseName),
    STEPWELL_NATS_URL: nats.servers,
    STEPWELL_NATS_USER: nats.user,
    STEPWELL_NATS_PASSWORD: nats.pass,
  });
  const broker = async (epoch: number) =>
    inspectNats({ url: nats.servers, user: nats.user, pass: nats.pass, name: 'test', epoch });
  const restored = async (env: NodeJS.ProcessEnv, more: Partial<typeof flags> = {}): Promise<unknown> => {
    let said = '';
    await restoreFrom({ ...flags, ...more }, env, (line) => (said += line));
    return JSON.parse(said);
  };
  const storeOf = (dbName: string) => connectMongoStore({ uri: mongod.uri, dbName, clock: new SystemClock() });

  beforeAll(async () => {
    const store = storeOf(mongod.databaseName);
    await store.prepare();
    const tenure = await store.log.claim(3, AbortSignal.timeout(20_000));
    const event = { type: 'Happened', data: '{}', bodies: [] };
    await tenure.append({ stream: 'other-a', version: 1, previousSum: '', events: [event] }).committed;
    await store.close();
    await backUp({ out: from, json: false }, envOf(mongod.databaseName), () => undefined);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('without a word about NATS is refused, and with one takes the next epoch', async () => {
    const name = `${mongod.databaseName}_alone`;
    await expect(restored(envOf(name))).rejects.toThrow('STEPWELL_NATS_URL is not set');
    expect(await restored(envOf(name), { withoutNats: true })).toMatchObject({ entries: 2, epoch: 2, rows: 0 });
    const store = storeOf(name);
    await store.prepare();
    expect(store.epoch).toBe(2);
    await store.close();
    await expect(restored(envOf(name), { withoutNats: true })).rejects.toThrow('is not empty');
  });

  it('beside a NATS that is away is not begun', async () => {
    const name = `${mongod.databaseName}_away`;
    const env = { ...withNats(name), STEPWELL_NATS_PASSWORD: 'wrong' };
    await expect(restored(env)).rejects.toThrow('NATS can not be reached');
    expect(await restored(envOf(name), { withoutNats: true })).toMatchObject({ epoch: 2 });
  });

  it('only looks at a backup when told to', async () => {
    expect(await restored({}, { check: true })).toEqual({
      ...{ usable: true, entries: 2, blobParts: 0, bytes: expect.any(Number) as number },
    });
  });

  it('takes an epoch that NATS has not seen, each time, and rids it of the older ones', async () => {
    expect(await restored(withNats(`${mongod.databaseName}_fresh`))).toMatchObject({ epoch: 2 });
    const looking = await broker(5);
    // One process has no work in NATS, and gets no streams for it.
    expect(await looking.newestEpoch()).toBeUndefined();
    await looking.mendStreams();
    expect(await looking.newestEpoch()).toBe(5);
    expect(await restored(withNats(`${mongod.databaseName}_first`))).toMatchObject({ epoch: 6 });
    expect((await looking.strayStreams()).sort()).toEqual([
      'STEPWELL_WORK_ANNOUNCE_E6',
      'STEPWELL_WORK_CALLOUT_E6',
      'STEPWELL_WORK_DELIVER_E6',
    ]);
    expect(await restored(withNats(`${mongod.databaseName}_second`))).toMatchObject({ epoch: 7 });
    expect(await looking.newestEpoch()).toBe(7);
    await looking.close();
  });
});
