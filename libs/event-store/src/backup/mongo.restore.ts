import { join } from 'node:path';
import type { Connection, mongo } from 'mongoose';
import { connectOnce, type MongoPlace } from '../mongo/connect-once';
import type { MongoConnection } from '../mongo/mongo.connection';
import { JOURNALED } from '../mongo/mongo.concerns';
import { finishWork, metadataOf } from '../mongo/mongo.metadata';
import { nativeCollection, prepareCollections } from '../mongo/mongo.schemas';
import type { BackupFile, BackupManifest } from './backup.manifest';
import { readDocuments } from './document.file';

/** Something is in the database already: a restore would mix two histories. Nothing was written. */
export class DatabaseNotEmpty extends Error {
  readonly code = 'DATABASE_NOT_EMPTY';
  constructor(dbName: string, collection: string) {
    super(
      `the database ${dbName} is not empty (${collection} has documents): restore into another one (STEPWELL_MONGODB_DATABASE), or drop it first`,
    );
    this.name = 'DatabaseNotEmpty';
  }
}

/**
 * Writes a backup into an empty database: {@link begin}, {@link write}, and, when what follows from the log is made as well,
 * {@link finish}. From `begin` to `finish` the store says of itself that it isn't whole, and services refuse it.
 */
export class MongoRestore {
  private readonly native: Connection;

  private constructor(
    private readonly connection: MongoConnection,
    private readonly dbName: string,
  ) {
    this.native = connection.mongoose;
  }

  /** @throws DatabaseNotEmpty; when the server can't be reached */
  static async open(place: MongoPlace): Promise<MongoRestore> {
    const restore = new MongoRestore(await connectOnce(place), place.dbName);
    try {
      await restore.mustBeEmpty();
      return restore;
    } catch (error) {
      await restore.close();
      throw error;
    }
  }

  /** @param epoch above every one that this history, or NATS, has seen (E2) */
  async begin({ schemaVersion, storeCreatedAt }: BackupManifest, epoch: number): Promise<void> {
    const createdAt = new Date(storeCreatedAt);
    // An insert: of two restores at once the second fails here.
    await metadataOf(this.native).insertOne(
      { _id: 'store', epoch, schemaVersion, createdAt, unfinished: 'restore' },
      { writeConcern: JOURNALED },
    );
    await prepareCollections(this.native);
  }

  async write(
    folder: string,
    { files }: BackupManifest,
    onProgress: (documents: number) => void = () => undefined,
  ): Promise<void> {
    let written = 0;
    for (const file of files) {
      const collection = this.collectionOf(file);
      for await (const portion of readDocuments(join(folder, file.name))) {
        await collection.insertMany(portion as Stored[], { ordered: true, writeConcern: JOURNALED });
        written += portion.length;
        onProgress(written);
      }
    }
  }

  async finish(): Promise<void> {
    await finishWork(this.native);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private collectionOf({ holds }: BackupFile): mongo.Collection<Stored> {
    return nativeCollection<Stored>(this.native, holds);
  }

  private async mustBeEmpty(): Promise<void> {
    for (const { name } of (await this.native.db?.listCollections().toArray()) ?? []) {
      if (name.startsWith('system.')) continue;
      const found = await this.native.db?.collection(name).findOne({}, { projection: { _id: 1 } });
      if (found) throw new DatabaseNotEmpty(this.dbName, name);
    }
  }
}

type Stored = { _id: string | number };
