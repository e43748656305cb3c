/**
 * Makes a mongod a replica set of one, wherever it listens now.
 *
 * A replica set remembers its member's host and port and is never primary elsewhere: after a restart on another port the
 * configuration is put right by force, which is safe because there is no other member that could disagree.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { driverRuntime } from '../driver-runtime';

const NAME = 'stepwell';
const NOT_YET_INITIALIZED = 94;
const ALREADY_INITIALIZED = 23;
const PRIMARY_LIMIT_MS = 60_000;
const LOOK_AGAIN_MS = 10;

interface ReplicaSetConfig {
  readonly version: number;
  readonly members: readonly { readonly host: string }[];
}

/**
 * Resolves when the mongod at this port of 127.0.0.1 (started with `--replSet stepwell`) is primary.
 * Throws when it isn't within a minute: after a crash it first replays its journal, which takes seconds.
 */
export async function ensureReplicaSetOfOne(port: number): Promise<void> {
  const host = `127.0.0.1:${String(port)}`;
  const client = new mongo.MongoClient(`mongodb://${host}/?directConnection=true`, driverRuntime);
  try {
    await client.connect();
    const admin = client.db('admin');
    const config = (await currentConfig(admin)) ?? (await initiated(admin, host));
    if (config.members[0]?.host !== host) {
      const members = config.members.slice(0, 1).map((member) => ({ ...member, host }));
      await admin.command({ replSetReconfig: { ...config, members, version: config.version + 1 }, force: true });
    }
    await untilPrimary(admin, host);
  } finally {
    await client.close();
  }
}

/** A mongod that has just started says it has no configuration before it has read that it has one. */
async function initiated(admin: mongo.Db, host: string): Promise<ReplicaSetConfig> {
  const deadlineMs = performance.now() + PRIMARY_LIMIT_MS;
  try {
    await admin.command({ replSetInitiate: { _id: NAME, members: [{ _id: 0, host }] } });
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== ALREADY_INITIALIZED) throw error;
  }
  for (;;) {
    const config = await currentConfig(admin);
    if (config !== undefined) return config;
    if (performance.now() > deadlineMs)
      throw new Error(`The mongod at ${host} did not tell its configuration within a minute.`);
    await delay(LOOK_AGAIN_MS);
  }
}

async function currentConfig(admin: mongo.Db): Promise<ReplicaSetConfig | undefined> {
  try {
    const { config } = await admin.command({ replSetGetConfig: 1 });
    return config as ReplicaSetConfig;
  } catch (error) {
    if (error instanceof mongo.MongoServerError && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}

async function untilPrimary(admin: mongo.Db, host: string): Promise<void> {
  const deadlineMs = performance.now() + PRIMARY_LIMIT_MS;
  for (;;) {
    const { isWritablePrimary } = await admin.command({ hello: 1 });
    if (isWritablePrimary === true) return;
    if (performance.now() > deadlineMs)
      throw new Error(`The mongod at ${host} did not become primary within a minute.`);
    await delay(LOOK_AGAIN_MS);
  }
}
