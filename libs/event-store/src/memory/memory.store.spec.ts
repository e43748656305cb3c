import { describeEventStoreContract } from '../testing';
import { makeMemoryFixture } from '../testing/memory-fixture';

describeEventStoreContract('the in-memory twin', makeMemoryFixture);
