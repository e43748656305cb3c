import { ensureReplicaSetOfOne, STORE_SCHEMA_VERSION } from '@stepwell/event-store';
import { useOwnMongod, useOwnNatsServer } from '@stepwell/testing';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceFleet } from '../service-fleet';
import { inStore } from '../stopped-store';

const NEWER = STORE_SCHEMA_VERSION + 1;

describe('a store that a newer version has prepared', () => {
  const mongod = useOwnMongod(ensureReplicaSetOfOne, { per: 'describe' });
  const nats = useOwnNatsServer({ per: 'describe' });
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-newer-'));
  let fleet: ServiceFleet;

  const metadata = (): Promise<unknown> =>
    inStore(
      mongod.uri,
      (connection) => connection.collection('store').findOne({}, { projection: { _id: 0 } }),
      mongod.databaseName,
    );

  beforeAll(async () => {
    await inStore(
      mongod.uri,
      (connection) =>
        connection
          .collection<{ _id: string; epoch: number; schemaVersion: number }>('store')
          .insertOne({ _id: 'store', epoch: 3, schemaVersion: NEWER }),
      mongod.databaseName,
    );
    fleet = new ServiceFleet(folder, {
      STEPWELL_MONGODB_URI: mongod.uri,
      STEPWELL_MONGODB_DATABASE: mongod.databaseName,
      STEPWELL_NATS_URL: nats.servers,
      STEPWELL_NATS_USER: nats.user,
      STEPWELL_NATS_PASSWORD: nats.pass,
    });
  });
  afterAll(async () => {
    await fleet.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(['run-state', 'scheduler'] as const)('is refused by an older %s, which says what to do', async (role) => {
    const before = await metadata();
    const member = fleet.add(role);
    if (member.child.exitCode === null) await once(member.child, 'exit');
    expect(member.child.exitCode).toBe(1);
    const said = readFileSync(member.logFile, 'utf8');
    const last = JSON.parse(said.trim().split('\n').at(-1) ?? '') as { level: string; err: object };
    expect(last).toMatchObject({
      level: 'fatal',
      err: {
        code: 'NEWER_STORE',
        message: `the store has layout ${NEWER}, this program knows ${STORE_SCHEMA_VERSION}: upgrade this process`,
      },
    });
    expect(await metadata()).toEqual(before);
  });
});
