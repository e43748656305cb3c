import type { Clock, TimerRow } from '@stepwell/core';
import { PARTITIONS } from '@stepwell/core';
import type { Connection } from 'mongoose';
import { EVENT_SCHEMA_VERSION, schemaOfClaim } from '../log/partition.claim';
import { PartitionedEventLog } from '../log/partitioned.event-log';
import type { MemberDocument } from '../membership/member-driver';
import { connectOnce, type MongoPlace } from '../mongo/connect-once';
import { JOURNALED } from '../mongo/mongo.concerns';
import type { MongoConnection } from '../mongo/mongo.connection';
import { MongoLogDriver } from '../mongo/mongo.log-driver';
import { beginWork, finishWork, metadataOf } from '../mongo/mongo.metadata';
import { MongoRunRows } from '../mongo/mongo.run-rows';
import { nativeCollection, plannedIndexes, prepareCollections } from '../mongo/mongo.schemas';
import { MongoTimerRows } from '../mongo/mongo.timer-rows';
import { SILENT_LOGGER } from '../store-logger';
import type {
  DatabaseReport,
  MemberReport,
  MissingIndex,
  PartitionReport,
  StoreInspection,
  StoreLayout,
} from './store.inspection';

/** Tries once. @throws when there is no such server, or no primary */
export async function inspectMongoStore(place: MongoPlace): Promise<StoreInspection> {
  return new MongoInspection(await connectOnce(place), place.clock);
}

type Stored<Document> = Document & { readonly _id: string };

class MongoInspection implements StoreInspection {
  readonly log;
  readonly rows;
  readonly timers;
  private readonly driver;
  private readonly native: Connection;

  constructor(
    private readonly connection: MongoConnection,
    private readonly clock: Clock,
  ) {
    this.native = connection.mongoose;
    this.driver = new MongoLogDriver(this.native, SILENT_LOGGER);
    this.rows = new MongoRunRows(this.native);
    this.timers = new MongoTimerRows(this.native);
    this.log = new PartitionedEventLog({
      driver: this.driver,
      clock,
      schemaVersion: EVENT_SCHEMA_VERSION,
      isConnected: () => connection.isConnected(),
    });
  }

  async server(): Promise<DatabaseReport> {
    const { version } = await this.ask<{ version: string }>({ buildInfo: 1 });
    const sentAt = this.clock.monotonicMs();
    const wallAt = this.clock.nowMs();
    const hello = await this.ask<{ localTime: Date; isWritablePrimary?: boolean; setName?: string }>({ hello: 1 });
    const roundTripMs = this.clock.monotonicMs() - sentAt;
    return {
      version,
      ...(hello.setName === undefined ? {} : { replicaSet: hello.setName }),
      isPrimary: hello.isWritablePrimary === true,
      roundTripMs,
      aheadMs: Math.round(hello.localTime.getTime() - (wallAt + roundTripMs / 2)),
    };
  }

  async layout(): Promise<StoreLayout | undefined> {
    const found = await metadataOf(this.native).findOne({ _id: 'store' });
    if (found === null) return undefined;
    const { epoch, schemaVersion, unfinished } = found;
    return { epoch, schemaVersion, ...(unfinished === undefined ? {} : { unfinished }) };
  }

  async missingIndexes(): Promise<MissingIndex[]> {
    const missing: MissingIndex[] = [];
    for (const { collection, indexes } of plannedIndexes()) {
      const there = await this.indexesOf(collection);
      if (there === undefined) missing.push({ collection, fields: '_id' });
      for (const { keys, unique } of indexes) {
        const is = there?.some((each) => JSON.stringify(each.key) === JSON.stringify(keys) && each.unique === unique);
        if (is !== true) missing.push({ collection, fields: Object.keys(keys).join(',') });
      }
    }
    return missing;
  }

  async mendIndexes(): Promise<void> {
    await prepareCollections(this.native);
  }

  async members(): Promise<MemberReport[]> {
    const found = await nativeCollection<Stored<MemberDocument & { role: string }>>(this.native, 'members')
      .find({}, { sort: { _id: 1 } })
      .toArray();
    return found.map(({ role, memberId, incarnation, beat, holds }) => ({
      role,
      memberId,
      pulse: `${incarnation}/${beat}`,
      holds,
    }));
  }

  async partitions(): Promise<PartitionReport[]> {
    const reports: PartitionReport[] = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const [last, checkpoint, claim] = await Promise.all([
        this.driver.lastEntry(partition),
        this.driver.readCheckpoint(partition),
        this.driver.lastClaim(partition),
      ]);
      reports.push({
        partition,
        tail: last?.n ?? 0,
        checkpoint: checkpoint?.n ?? 0,
        holes: checkpoint?.holes.length ?? 0,
        eventSchema: schemaOfClaim(claim),
      });
    }
    return reports;
  }

  async removeRows(runIds: readonly string[]): Promise<void> {
    const rows = nativeCollection<{ _id: string }>(this.native, 'runRows');
    await rows.deleteMany({ _id: { $in: [...runIds] } }, { writeConcern: JOURNALED });
  }

  async *everyTimer(): AsyncIterable<TimerRow> {
    for await (const { _id, ...timer } of this.storedTimers().find({}, { sort: { _id: 1 } })) {
      yield { id: _id, ...timer };
    }
  }

  async timersOf(ids: readonly string[]): Promise<TimerRow[]> {
    const found = await this.storedTimers()
      .find({ _id: { $in: [...ids] } })
      .toArray();
    return found.map(({ _id, ...timer }) => ({ id: _id, ...timer }));
  }

  async beginRebuild(): Promise<void> {
    await beginWork(this.native, 'rebuild');
    for (const name of ['runRows', 'timers'] as const) await nativeCollection(this.native, name).drop();
    await prepareCollections(this.native);
  }

  async finishRebuild(): Promise<void> {
    await finishWork(this.native);
  }

  async close(): Promise<void> {
    this.log.abandon();
    await this.connection.close();
  }

  private storedTimers() {
    return nativeCollection<Stored<Omit<TimerRow, 'id'>>>(this.native, 'timers');
  }

  private async ask<Answer>(command: Readonly<Record<string, number>>): Promise<Answer> {
    const { db } = this.native;
    if (db === undefined) throw new Error('not connected');
    return (await db.admin().command(command)) as Answer;
  }

  /** Undefined when there is no such collection. */
  private async indexesOf(collection: string): Promise<{ key: object; unique: boolean }[] | undefined> {
    const { db } = this.native;
    if (db === undefined || (await db.listCollections({ name: collection }).toArray()).length === 0) return undefined;
    const found = await db.collection(collection).listIndexes().toArray();
    return found.map((index) => {
      const { key, unique = false } = index as { key: object; unique?: boolean };
      return { key, unique };
    });
  }
}
