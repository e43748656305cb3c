import type { Clock, Membership } from '@stepwell/core';
import { EVENT_SCHEMA_VERSION } from '../log/partition.claim';
import { PartitionedEventLog } from '../log/partitioned.event-log';
import { LeasedMembership, type MembershipOptions } from '../membership/leased.membership';
import { type Store } from '../store';
import { SILENT_LOGGER, type StoreLogger } from '../store-logger';
import { MemoryBlobStore } from './memory.blob-store';
import { MemoryData } from './memory-data';
import { MemoryLogDriver } from './memory.log-driver';
import { MemoryMemberDriver } from './memory.member-driver';
import { MemoryRunRows } from './memory.run-rows';
import { MemoryTimerRows } from './memory.timer-rows';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Default: data of its own. The same data in several stores = several processes on one database. */
  readonly data?: MemoryData;
  readonly logger?: StoreLogger;
}

/** The in-memory twin of `connectMongoStore`: same rules, same contract suite, gone with the process. */
export function createMemoryStore({
  clock,
  data = new MemoryData(),
  logger = SILENT_LOGGER,
}: MemoryStoreOptions): Store {
  const driver = new MemoryLogDriver(data);
  const members = new MemoryMemberDriver(data);
  const log = new PartitionedEventLog({
    driver,
    clock,
    schemaVersion: EVENT_SCHEMA_VERSION,
    isConnected: () => true,
  });
  return {
    log,
    blobs: new MemoryBlobStore(data),
    rows: new MemoryRunRows(data),
    timers: new MemoryTimerRows(data),
    clock,
    epoch: 1,
    prepare: () => Promise.resolve(),
    membership: (role: string, options: MembershipOptions): Membership =>
      new LeasedMembership(role, options, members, clock, log, logger),
    removeMember: async (role, memberId) => {
      await members.remove(role, memberId);
    },
    isConnected: () => true,
    close: () => {
      log.abandon();
      return Promise.resolve();
    },
  };
}
