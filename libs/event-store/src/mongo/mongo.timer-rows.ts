import type { TimerRow, TimerRows } from '@stepwell/core';
import type { Connection } from 'mongoose';
import { JOURNALED } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

type TimerDocument = Omit<TimerRow, 'id'> & { readonly _id: string };

export class MongoTimerRows implements TimerRows {
  private readonly timers;

  constructor(connection: Connection) {
    this.timers = nativeCollection<TimerDocument>(connection, 'timers');
  }

  async put(timers: readonly TimerRow[]): Promise<void> {
    if (timers.length === 0) return;
    const operations = timers.map(({ id, ...timer }) => ({
      replaceOne: { filter: { _id: id }, replacement: timer, upsert: true },
    }));
    await this.timers.bulkWrite(operations, { ordered: true, writeConcern: JOURNALED });
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.timers.deleteMany({ _id: { $in: [...ids] } }, { writeConcern: JOURNALED });
  }

  async due(partitions: readonly number[], beforeMs: number, limit: number): Promise<TimerRow[]> {
    const found = await this.timers
      .find({ partition: { $in: [...partitions] }, dueAt: { $lt: beforeMs } }, { sort: { dueAt: 1, _id: 1 }, limit })
      .toArray();
    return found.map(({ _id, ...timer }) => ({ id: _id, ...timer }));
  }

  count(partitions: readonly number[]): Promise<number> {
    return this.timers.countDocuments({ partition: { $in: [...partitions] } });
  }
}
