import type { Appended, Clock, Draft, LogEntry, RunRows, StoredEvent, Tenure } from '@stepwell/core';
import type { LogDriver } from '../log/log-driver';
import { EVENT_SCHEMA_VERSION } from '../log/partition.claim';
import { PartitionedEventLog } from '../log/partitioned.event-log';
import type { MemberDriver } from '../membership/member-driver';
import type { Store } from '../store';
import { ScriptedLogDriver } from './scripted.log-driver';
import { SettableClock } from './test-clocks';

/** One database, fresh and empty, however many processes work on it. */
export interface StoreFixture {
  /** One more process' store on this database, prepared. */
  open(clock?: Clock): Promise<Store>;
  /** The bare driver on this database, for faults and for planting documents. */
  readonly driver: LogDriver;
  /** The same for members. */
  readonly members: MemberDriver;
  /** The rows on this database as a program sees them whose rows have another version. */
  rowsOfVersion(rowVersion: number): RunRows;
  dispose(): Promise<void>;
}

/** One writing process of a log whose driver and clock the test holds. */
export interface Writer {
  readonly log: PartitionedEventLog;
  readonly driver: ScriptedLogDriver;
  readonly clock: SettableClock;
}

export function writerOn(inside: LogDriver, schemaVersion = EVENT_SCHEMA_VERSION): Writer {
  const driver = new ScriptedLogDriver(inside);
  const clock = new SettableClock();
  const log = new PartitionedEventLog({ driver, clock, schemaVersion, isConnected: () => true });
  return { log, driver, clock };
}

export const PATIENCE: AbortSignal = new AbortController().signal;

export function event(data = '{}', ...bodies: Uint8Array[]): StoredEvent {
  return eventOf('Happened', data, ...bodies);
}

export function eventOf(type: string, data = '{}', ...bodies: Uint8Array[]): StoredEvent {
  return { type, data, bodies };
}

/** Appends to streams and keeps their versions and sums, as a fold would. */
export class StreamHeads {
  private readonly heads = new Map<string, { version: number; sum: string }>();

  append(tenure: Tenure, stream: string, ...events: StoredEvent[]): Appended {
    const draft = this.draft(stream, ...events);
    const appended = tenure.append(draft);
    this.heads.set(stream, { version: draft.version, sum: appended.sum });
    return appended;
  }

  draft(stream: string, ...events: StoredEvent[]): Draft {
    const head = this.heads.get(stream);
    return {
      stream,
      version: (head?.version ?? 0) + 1,
      previousSum: head?.sum ?? '',
      events: events.length === 0 ? [event()] : events,
    };
  }

  /** Reads the stream anew: after a tenure ended, what was appended last may not be there. */
  async fold(log: PartitionedEventLog, partition: number, stream: string): Promise<LogEntry[]> {
    const entries = await entriesOf(log, partition, stream);
    const last = entries.at(-1);
    if (last === undefined) this.heads.delete(stream);
    else this.heads.set(stream, { version: last.version, sum: last.sum });
    return entries;
  }
}

export function entriesOf(
  log: PartitionedEventLog,
  partition: number,
  stream: string,
  range?: { fromVersion?: number; toVersion?: number },
): Promise<LogEntry[]> {
  return collect(log.readStream(partition, stream, range));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
