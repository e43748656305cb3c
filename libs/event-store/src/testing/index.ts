export { describeEventStoreContract } from './event-store.contract';
export type { StoreFixture } from './log-fixture';
