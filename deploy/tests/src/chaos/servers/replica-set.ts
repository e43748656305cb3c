import { driverRuntime } from '@stepwell/event-store';
import { mongo } from 'mongoose';

const NAME = 'stepwell';
/** A primary that is gone is replaced after that; MongoDB's own default of 10 s would leave time for little else. */
const ELECTION_TIMEOUT_MS = 2_000;
const PATIENCE_MS = 5_000;

/** Its members are known to each other by these ports. */
export async function initiate(port: number, memberPorts: readonly number[]): Promise<void> {
  const members = memberPorts.map((each, _id) => ({ _id, host: `127.0.0.1:${each}` }));
  const settings = { electionTimeoutMillis: ELECTION_TIMEOUT_MS, heartbeatTimeoutSecs: 2 };
  await askingOne(port, { replSetInitiate: { _id: NAME, members, settings } });
}

export async function helloOf(port: number): Promise<{ readonly isWritablePrimary?: boolean }> {
  return askingOne(port, { hello: 1 });
}

/** By force: it doesn't wait until a secondary has caught up. */
export async function stepDown(port: number, forSeconds: number): Promise<void> {
  await askingOne(port, { replSetStepDown: forSeconds, secondaryCatchUpPeriodSecs: 0, force: true });
}

async function askingOne(port: number, command: mongo.Document): Promise<mongo.Document> {
  const client = new mongo.MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: PATIENCE_MS,
    socketTimeoutMS: PATIENCE_MS,
    ...driverRuntime,
  });
  try {
    return await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}
