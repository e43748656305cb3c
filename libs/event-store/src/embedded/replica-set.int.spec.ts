import { mongo } from 'mongoose';
import { useMongod, useOwnMongod } from '@stepwell/testing';
import { driverRuntime } from '../driver-runtime';
import { ensureReplicaSetOfOne } from './replica-set';

const MAJORITY = { writeConcern: { w: 'majority' as const, j: true } };

async function using<T>(uri: string, use: (database: mongo.Db) => Promise<T>): Promise<T> {
  const client = new mongo.MongoClient(uri, { ...driverRuntime, serverSelectionTimeoutMS: 10_000 });
  try {
    return await use(client.db());
  } finally {
    await client.close();
  }
}

const remember = (uri: string, word: string) =>
  using(uri, (database) => database.collection('words').insertOne({ word }, MAJORITY));

const recall = (uri: string) =>
  using(uri, async (database) =>
    (await database.collection('words').find().toArray()).map(({ word }) => word as string),
  );

describe('a replica set of one', () => {
  const mongod = useOwnMongod(ensureReplicaSetOfOne);

  it.each([
    { signal: 'SIGTERM', port: 'same' },
    { signal: 'SIGTERM', port: 'other' },
    { signal: 'SIGKILL', port: 'same' },
    { signal: 'SIGKILL', port: 'other' },
  ] as const)('is primary again with its data after $signal, on the $port port', async (how) => {
    const before = mongod.server.port;
    await remember(mongod.uri, 'kept');
    await mongod.restart(how);
    if (how.port === 'same') expect(mongod.server.port).toBe(before);
    else expect(mongod.server.port).not.toBe(before);
    await remember(mongod.uri, 'written after');
    expect(await recall(mongod.uri)).toEqual(['kept', 'written after']);
  });

  it('stays as it is when it is asked for again', async () => {
    const version = () =>
      using(mongod.uri, async (database) => {
        const { config } = await database.admin().command({ replSetGetConfig: 1 });
        return (config as { version: number }).version;
      });
    const before = await version();
    await ensureReplicaSetOfOne(mongod.server.port);
    expect(await version()).toBe(before);
  });
});

describe('a mongod that says it has no configuration, and has one', () => {
  const mongod = useOwnMongod(async (port) => {
    await Promise.all([ensureReplicaSetOfOne(port), ensureReplicaSetOfOne(port)]);
  });

  it('is initiated by one of two who are told so, and primary for both', async () => {
    await remember(mongod.uri, 'once');
    expect(await recall(mongod.uri)).toEqual(['once']);
  });
});

describe('the shared mongod', () => {
  const mongod = useMongod(ensureReplicaSetOfOne);

  it.each([1, 2])('gives each test an empty database (%i)', async () => {
    expect(await recall(mongod.uri)).toEqual([]);
    await remember(mongod.uri, 'mine');
    expect(await recall(mongod.uri)).toEqual(['mine']);
  });
});
