import { type Clock, type Membership, PrimaryClock } from '@stepwell/core';
import { EVENT_SCHEMA_VERSION } from '../log/partition.claim';
import { PartitionedEventLog } from '../log/partitioned.event-log';
import { LeasedMembership, type MembershipOptions } from '../membership/leased.membership';
import { NewerStore, type Store, UnfinishedStore } from '../store';
import { SILENT_LOGGER, type StoreLogger } from '../store-logger';
import { MongoBlobStore } from './mongo.blob-store';
import { MongoConnection } from './mongo.connection';
import { MongoLogDriver } from './mongo.log-driver';
import { MongoMemberDriver } from './mongo.member-driver';
import { prepareMetadata } from './mongo.metadata';
import { MongoRunRows } from './mongo.run-rows';
import { prepareCollections } from './mongo.schemas';
import { MongoTimerRows } from './mongo.timer-rows';

export interface MongoStoreOptions {
  /** A replica set's (one member is enough): without it there is no majority, no journal and no primary to wait for. */
  readonly uri: string;
  readonly dbName: string;
  /** The process' own clock; the store's follows the primary's. */
  readonly clock: Clock;
  readonly logger?: StoreLogger;
}

/** Connects in `prepare`, which has to be through before anything else is used. Nothing here ends the process. */
export function connectMongoStore({ uri, dbName, clock: ownClock, logger = SILENT_LOGGER }: MongoStoreOptions): Store {
  const connection = new MongoConnection(uri, dbName, ownClock, logger);
  const native = connection.mongoose;
  const clock = new PrimaryClock(ownClock, async () => {
    const hello: unknown = await native.db?.admin().command({ hello: 1 });
    return localTimeOf(hello);
  });
  const log = new PartitionedEventLog({
    driver: new MongoLogDriver(native, logger),
    clock,
    schemaVersion: EVENT_SCHEMA_VERSION,
    isConnected: () => connection.isConnected(),
  });
  const members = new MongoMemberDriver(native);
  let epoch: number | undefined;
  return {
    log,
    blobs: new MongoBlobStore(native, clock),
    rows: new MongoRunRows(native),
    timers: new MongoTimerRows(native),
    clock,
    get epoch() {
      if (epoch === undefined) throw new Error('the store is not prepared yet');
      return epoch;
    },
    prepare: async (stopping) => {
      const giveUp = (): void => void connection.close();
      stopping?.addEventListener('abort', giveUp, { once: true });
      await connection.untilDone(
        'prepare the store',
        async () => {
          ({ epoch } = await prepareMetadata(native));
          await prepareCollections(native);
          await clock.start();
        },
        (error) => error instanceof NewerStore || error instanceof UnfinishedStore,
      );
      stopping?.removeEventListener('abort', giveUp);
    },
    membership: (role: string, options: MembershipOptions): Membership =>
      new LeasedMembership(role, options, members, ownClock, log, logger),
    removeMember: async (role, memberId) => {
      await members.remove(role, memberId);
    },
    isConnected: () => connection.isConnected(),
    close: async () => {
      clock.stop();
      log.abandon();
      await connection.close();
    },
  };
}

function localTimeOf(hello: unknown): number {
  if (typeof hello === 'object' && hello !== null && 'localTime' in hello && hello.localTime instanceof Date) {
    return hello.localTime.getTime();
  }
  throw new Error('the server does not tell its time');
}
