import { useMongod } from '@stepwell/testing';
import { ensureReplicaSetOfOne } from '../embedded/replica-set';
import { describeEventStoreContract } from '../testing';
import { makeMongoFixture } from '../testing/mongo-fixture';

describe('on a real mongod', () => {
  const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });
  describeEventStoreContract('MongoDB', () => makeMongoFixture(mongod.uri, mongod.databaseName));
});
