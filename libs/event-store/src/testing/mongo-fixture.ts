import { MongoConnection } from '../mongo/mongo.connection';
import { MongoLogDriver } from '../mongo/mongo.log-driver';
import { MongoMemberDriver } from '../mongo/mongo.member-driver';
import { MongoRunRows } from '../mongo/mongo.run-rows';
import { connectMongoStore } from '../mongo/mongo.store';
import { type Store } from '../store';
import { SILENT_LOGGER } from '../store-logger';
import type { StoreFixture } from './log-fixture';
import { REAL_CLOCK } from './test-clocks';

/** A fixture on an empty database; emptied on `dispose`, its indexes stay: making them takes longer than most tests. */
export async function makeMongoFixture(uri: string, dbName: string): Promise<StoreFixture> {
  const opened: Store[] = [];
  const open: StoreFixture['open'] = async (clock = REAL_CLOCK) => {
    const store = connectMongoStore({ uri, dbName, clock });
    opened.push(store);
    await store.prepare();
    return store;
  };
  const bare = new MongoConnection(uri, dbName, REAL_CLOCK, SILENT_LOGGER);
  await bare.untilDone(
    'test',
    () => Promise.resolve(),
    () => false,
  );
  await open();
  return {
    open,
    driver: new MongoLogDriver(bare.mongoose, SILENT_LOGGER),
    members: new MongoMemberDriver(bare.mongoose),
    rowsOfVersion: (rowVersion) => new MongoRunRows(bare.mongoose, rowVersion),
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
      const collections = (await bare.mongoose.db?.collections()) ?? [];
      await Promise.all(collections.map((collection) => collection.deleteMany({})));
      await bare.close();
    },
  };
}
