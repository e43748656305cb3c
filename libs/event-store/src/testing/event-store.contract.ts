import type { Store } from '../store';
import type { StoreFixture } from './log-fixture';
import { describeLogWriting } from './log.contract';
import { describeLogReading } from './log-reading.contract';
import { describeMembership } from './membership.contract';
import { describeReadModels } from './read-models.contract';

/** What every store must do, numbered by the rules of architecture.md. Each test has a database of its own. */
export function describeEventStoreContract(name: string, makeFixture: () => Promise<StoreFixture>): void {
  describe(`${name} as an event store`, () => {
    let fixture: StoreFixture;
    beforeEach(async () => {
      fixture = await makeFixture();
    });
    afterEach(() => fixture.dispose());

    describe('writing the log', () => {
      describeLogWriting(() => fixture);
    });
    describe('reading the log', () => {
      describeLogReading(() => fixture);
    });
    describe('membership', () => {
      describeMembership(() => fixture);
    });
    describe('read models', () => {
      let store: Store;
      beforeEach(async () => {
        store = await fixture.open();
      });
      describeReadModels(
        () => store,
        () => fixture,
      );
    });
  });
}
