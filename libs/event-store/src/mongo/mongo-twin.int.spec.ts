import fc from 'fast-check';
import { useMongod } from '@stepwell/testing';
import { ensureReplicaSetOfOne } from '../embedded/replica-set';
import type { StoreFixture } from '../testing/log-fixture';
import { makeMemoryFixture } from '../testing/memory-fixture';
import { makeMongoFixture } from '../testing/mongo-fixture';
import { operation, transcriptOf, World } from '../testing/store-operations';

/** The twin is only worth its tests if it answers as MongoDB does. fast-check prints the seed of a difference. */
describe('MongoDB and its twin', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });

  it('answer the same to random operations of two processes', async () => {
    const answers = async (fixture: StoreFixture, operations: Parameters<typeof transcriptOf>[1]) => {
      try {
        return await transcriptOf(new World(fixture, await fixture.open()), operations);
      } finally {
        await fixture.dispose();
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 10, maxLength: 60 }), async (operations) => {
        const twin = await answers(await makeMemoryFixture(), operations);
        const real = await answers(await makeMongoFixture(mongod.uri, mongod.databaseName), operations);
        expect(twin).toEqual(real);
      }),
      { numRuns: 20 },
    );
  }, 120_000);
});
