export * from './embedded/replica-set';
export { InvalidCursor } from './run-row.cursor';
export { NewerSchema } from './log/partition.claim';
export type { PartitionedEventLog } from './log/partitioned.event-log';
export type { MembershipOptions } from './membership/leased.membership';
export { MemoryData } from './memory/memory-data';
export { createMemoryStore, type MemoryStoreOptions } from './memory/memory.store';
export { connectMongoStore, type MongoStoreOptions } from './mongo/mongo.store';
export { CorruptBlob, NewerStore, type Store, type StoreLogger } from './store';
