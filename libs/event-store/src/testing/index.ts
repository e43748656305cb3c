export { describeEventStoreContract } from './event-store.contract';
export type { StoreFixture } from './log-fixture';

// What a store is made of, for who puts something between the parts.
export { EVENT_SCHEMA_VERSION } from '../log/partition.claim';
export { PartitionedEventLog } from '../log/partitioned.event-log';
export { CLAIM_STREAM, type InsertOutcome, type LogDocument, type LogDriver } from '../log/log-driver';
export { positionOf } from '../log/log-position';
export { LeasedMembership } from '../membership/leased.membership';
export type { MemberDriver } from '../membership/member-driver';
export { MemoryBlobStore } from '../memory/memory.blob-store';
export { MemoryLogDriver } from '../memory/memory.log-driver';
export { MemoryMemberDriver } from '../memory/memory.member-driver';
export { MemoryRunRows } from '../memory/memory.run-rows';
export { MemoryTimerRows } from '../memory/memory.timer-rows';
