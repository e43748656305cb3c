import type { Clock } from '@stepwell/core';
import { SILENT_LOGGER } from '../store-logger';
import { MongoConnection } from './mongo.connection';

/** Which database a tool works on. */
export interface MongoPlace {
  readonly uri: string;
  readonly dbName: string;
  readonly clock: Clock;
}

/** For tools, which don't wait for a server as services do. @throws when there is no such server, or no primary */
export async function connectOnce({ uri, dbName, clock }: MongoPlace): Promise<MongoConnection> {
  const connection = new MongoConnection(uri, dbName, clock, SILENT_LOGGER);
  try {
    await connection.untilDone(
      'connect a tool',
      async () => {
        await connection.mongoose.db?.command({ ping: 1 });
      },
      () => true,
    );
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}
