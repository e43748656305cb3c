import type { BlobStore, Membership, RunRows, TimerRows } from '@stepwell/core';
import type { MemoryData } from '@stepwell/event-store';
import type { LogDocument, LogDriver, MemberDriver } from '@stepwell/event-store/testing';
import {
  EVENT_SCHEMA_VERSION,
  LeasedMembership,
  MemoryBlobStore,
  MemoryLogDriver,
  MemoryMemberDriver,
  MemoryRunRows,
  MemoryTimerRows,
  PartitionedEventLog,
} from '@stepwell/event-store/testing';
import type { SimulatedProcess } from './simulated-process';
import type { StoreWire } from './store-wire';

export interface SimulatedStore {
  readonly log: PartitionedEventLog;
  readonly blobs: BlobStore;
  readonly rows: RunRows;
  readonly timers: TimerRows;
  membership(role: string, options: { readonly supersede: boolean; readonly newIncarnation: () => string }): Membership;
}

/** Told of every document that lands, by whom it was sent. */
export type Landed = (document: LogDocument, writer: SimulatedProcess) => void;

/** Its time passes on the wire. */
export const memoryLogDriver = (data: MemoryData): LogDriver => new MemoryLogDriver(data, () => Promise.resolve());

/**
 * The store as one process sees it: the product's own log and membership, the in-memory drivers, and a wire between. With a database
 * the drivers' operations are atomic, and so they are here.
 */
export function simulatedStore(
  process: SimulatedProcess,
  data: MemoryData,
  driver: LogDriver,
  wire: StoreWire,
  landed: Landed,
  silent: { info(): void; warn(): void },
): SimulatedStore {
  const log = new PartitionedEventLog({
    driver: wiredLog(process, driver, wire, landed),
    clock: process,
    schemaVersion: EVENT_SCHEMA_VERSION,
    isConnected: () => true,
  });
  const members = wiredMembers(new MemoryMemberDriver(data), wire);
  return {
    log,
    blobs: wiredBlobs(new MemoryBlobStore(data), wire),
    rows: wiredRows(new MemoryRunRows(data), wire),
    timers: wiredTimers(new MemoryTimerRows(data), wire),
    membership: (role, options) =>
      new LeasedMembership(role, { memberId: process.name, ...options }, members, process, log, silent),
  };
}

function wiredLog(process: SimulatedProcess, inside: LogDriver, wire: StoreWire, landed: Landed): LogDriver {
  return {
    insertMany: (documents) =>
      wire.write('insert', async (portion) => {
        const sent = documents.slice(0, Math.ceil(documents.length * portion));
        const outcome = await inside.insertMany(sent);
        for (const document of sent.slice(0, outcome.stored)) landed(document, process);
        return outcome;
      }),
    lastEntry: (...args) => wire.read(() => inside.lastEntry(...args)),
    lastClaim: (...args) => wire.read(() => inside.lastClaim(...args)),
    stream: (...args) => listed(wire, () => inside.stream(...args)),
    lastOfType: (...args) => wire.read(() => inside.lastOfType(...args)),
    positionsAfter: (...args) => listed(wire, () => inside.positionsAfter(...args)),
    streamsAt: (...args) => wire.read(() => inside.streamsAt(...args)),
    readCheckpoint: (...args) => wire.read(() => inside.readCheckpoint(...args)),
    writeCheckpoint: (...args) => wire.write('checkpoint', () => inside.writeCheckpoint(...args)),
  };
}

/** A cursor, read in one go. */
async function* listed<Item>(wire: StoreWire, items: () => AsyncIterable<Item>): AsyncIterable<Item> {
  yield* await wire.read(async () => {
    const found: Item[] = [];
    for await (const item of items()) found.push(item);
    return found;
  });
}

function wiredMembers(inside: MemberDriver, wire: StoreWire): MemberDriver {
  return {
    list: (...args) => wire.read(() => inside.list(...args)),
    join: (...args) => wire.write('membership', () => inside.join(...args)),
    renew: (...args) => wire.write('membership', () => inside.renew(...args)),
    remove: (...args) => wire.write('membership', () => inside.remove(...args)),
  };
}

function wiredBlobs(inside: BlobStore, wire: StoreWire): BlobStore {
  return {
    put: (...args) => wire.write('blob', () => inside.put(...args)),
    get: (...args) => wire.read(() => inside.get(...args)),
  };
}

function wiredRows(inside: RunRows, wire: StoreWire): RunRows {
  return {
    upsert: (...args) => wire.write('rows', () => inside.upsert(...args)),
    list: (...args) => wire.read(() => inside.list(...args)),
    completeUpTo: (...args) => wire.read(() => inside.completeUpTo(...args)),
    markComplete: (...args) => wire.write('rows', () => inside.markComplete(...args)),
  };
}

function wiredTimers(inside: TimerRows, wire: StoreWire): TimerRows {
  return {
    put: (...args) => wire.write('timers', () => inside.put(...args)),
    remove: (...args) => wire.write('timers', () => inside.remove(...args)),
    due: (...args) => wire.read(() => inside.due(...args)),
    count: (...args) => wire.read(() => inside.count(...args)),
  };
}
