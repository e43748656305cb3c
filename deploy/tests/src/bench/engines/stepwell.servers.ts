import { driverRuntime, ensureReplicaSetOfOne } from '@stepwell/event-store';
import { resolveMongod, resolveNatsServer, startMongod, startNatsServer } from '@stepwell/platform';
import { mongo } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Watched } from '../machine/cpu-watch';
import type { Counters } from './engine';

const DATABASE = 'bench';
const WRITING = ['insert', 'update', 'delete', 'findAndModify', 'bulkWrite'];

/** mongod and nats-server as the product starts them, on fresh data, and what they have counted. */
export interface StepwellServers {
  readonly processes: readonly Watched[];
  /** By which services find them. */
  readonly settings: NodeJS.ProcessEnv;
  counters(): Promise<Counters>;
  stop(): Promise<void>;
}

/** @throws Error when one isn't to be had as a binary of our own: its CPU time couldn't be read */
export async function startServers(folder: string): Promise<StepwellServers> {
  const [mongodBinary, natsBinary] = await Promise.all([resolveMongod(), resolveNatsServer()]);
  if (mongodBinary.kind !== 'binary' || natsBinary.kind !== 'binary')
    throw new Error('the bench starts its own servers: unset STEPWELL_MONGODB_URI and STEPWELL_NATS_URL');
  const passwords = { stepwell: randomBytes(16).toString('hex'), reader: randomBytes(16).toString('hex') };
  const [mongod, nats] = await Promise.all([
    startMongod({
      binary: mongodBinary.path,
      dataDir: join(folder, 'mongod'),
      ensureReplicaSet: ensureReplicaSetOfOne,
      graceMs: 0,
    }),
    startNatsServer({
      binary: natsBinary.path,
      dataDir: join(folder, 'nats'),
      passwords,
      isMonitored: true,
      graceMs: 0,
    }),
  ]);
  const client = new mongo.MongoClient(`mongodb://127.0.0.1:${mongod.port}/?directConnection=true`, driverRuntime);
  return {
    processes: [
      { name: 'mongod', pid: mongod.pid, part: 'engine', isServer: true },
      { name: 'nats-server', pid: nats.pid, part: 'engine', isServer: true },
      { name: 'supervisors', pid: mongod.supervisorPid, part: 'harness' },
      { name: 'supervisors', pid: nats.supervisorPid, part: 'harness' },
    ],
    settings: {
      STEPWELL_MONGODB_URI: mongod.uri,
      STEPWELL_MONGODB_DATABASE: DATABASE,
      STEPWELL_NATS_URL: nats.url,
      STEPWELL_NATS_USER: 'stepwell',
      STEPWELL_NATS_PASSWORD: passwords.stepwell,
    },
    counters: async () => ({
      ...(await statusOf(client)),
      writes: await writesOf(client),
      ...(nats.monitorUrl === undefined ? {} : { messages: await messagesOf(nats.monitorUrl) }),
    }),
    stop: async () => {
      await client.close();
      await Promise.all([mongod.stop(), nats.stop()]);
    },
  };
}

/**
 * `fsyncs` are those of WiredTiger's journal: what a write waits for that has `j: true`, one for all that were waiting. The sync of the data
 * files at a checkpoint, once a minute, is none of these, and JetStream's of every two minutes neither.
 */
async function statusOf(client: mongo.MongoClient): Promise<Counters> {
  const status = (await client.db('admin').command({ serverStatus: 1 })) as ServerStatus;
  const totalOf = (name: string): number => status.metrics.commands[name]?.total ?? 0;
  const sum = (names: readonly string[]): number => names.reduce((all, name) => all + totalOf(name), 0);
  return {
    fsyncs: status.wiredTiger.log['log sync operations'],
    writeCommands: sum(WRITING),
    commands: sum(Object.keys(status.metrics.commands)),
  };
}

interface ServerStatus {
  readonly wiredTiger: { readonly log: { readonly 'log sync operations': number } };
  /** `<UNKNOWN>` is a bare number. */
  readonly metrics: { readonly commands: Readonly<Record<string, { readonly total?: number }>> };
}

/** Documents of the log but for claims of partitions, of which there are some after a start. */
async function writesOf(client: mongo.MongoClient): Promise<number> {
  const log = client.db(DATABASE).collection('log');
  // Every partition, so that the index is used.
  const claims = await log.countDocuments({ p: { $gte: 0 }, stream: '~claim' });
  return (await log.estimatedDocumentCount()) - claims;
}

/** What clients have sent to the server: work, asks, their answers and acknowledgements. What it sent to them isn't counted again. */
async function messagesOf(monitorUrl: string): Promise<number> {
  const response = await fetch(`${monitorUrl}/varz`);
  const { in_msgs: messages } = (await response.json()) as { in_msgs: number };
  return messages;
}
