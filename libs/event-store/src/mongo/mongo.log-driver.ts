import { type Connection, mongo } from 'mongoose';
import {
  CLAIM_STREAM,
  type InsertOutcome,
  type LogDocument,
  type LogDriver,
  type LogPosition,
  type StreamPosition,
  type TermedCheckpoint,
} from '../log/log-driver';
import { endOfPartition, entryId, positionOf } from '../log/log-position';
import type { StoreLogger } from '../store-logger';
import { isDuplicateKey, JOURNALED, MAJORITY } from './mongo.concerns';
import { nativeCollection } from './mongo.schemas';

/** How many entries one query of `lastOfType` may look into. */
const VERSIONS_A_LOOK = 1_000;

type CheckpointDocument = TermedCheckpoint & { readonly _id: number };

/**
 * The log in MongoDB.
 *
 * Inserts are sent as the bare `insert` command. It is one command for one batch (at most 8 MiB, the server takes 16), its answer
 * is plain (no error classes to take apart), it costs a quarter less CPU than `insertMany`, and the driver never repeats it. A
 * repetition would be harmless: the server knows a retryable write by its transaction number, over fail-overs too, and `_id`
 * catches the rest. But it doubles the time until an outcome counts as unknown, costs the server a session record for each batch,
 * and the way out for unknown outcomes (claim, fold, ask again) is needed and tested anyway.
 */
export class MongoLogDriver implements LogDriver {
  private readonly entries;
  private readonly checkpoints;

  constructor(
    private readonly connection: Connection,
    private readonly logger: StoreLogger,
  ) {
    this.entries = nativeCollection<LogDocument>(connection, 'log');
    this.checkpoints = nativeCollection<CheckpointDocument>(connection, 'checkpoints');
  }

  async insertMany(documents: readonly LogDocument[]): Promise<InsertOutcome> {
    try {
      const { db } = this.connection;
      if (db === undefined) throw new Error('not connected yet');
      const reply: unknown = await db.command({
        insert: this.entries.collectionName,
        documents,
        ordered: true,
        writeConcern: JOURNALED,
      });
      return outcomeOf(reply, documents.length);
    } catch (error) {
      this.logger.warn({ err: error, documents: documents.length }, 'an insert has an unknown outcome');
      throw error;
    }
  }

  async lastEntry(partition: number): Promise<LogPosition | undefined> {
    const range = { $gte: entryId(partition, 0), $lt: endOfPartition(partition) };
    const last = await this.entries.findOne({ _id: range }, { sort: { _id: -1 }, projection: { at: 1, term: 1 } });
    return last === null ? undefined : { n: positionOf(partition, last._id), at: last.at, term: last.term };
  }

  async lastClaim(partition: number): Promise<LogDocument | undefined> {
    const last = await this.entries.findOne({ p: partition, stream: CLAIM_STREAM }, { sort: { version: -1 } });
    return last ?? undefined;
  }

  async *stream(partition: number, stream: string, fromVersion: number, toVersion: number): AsyncIterable<LogDocument> {
    const version = toVersion === Infinity ? { $gte: fromVersion } : { $gte: fromVersion, $lte: toVersion };
    const found = this.entries.find(
      { p: partition, stream, version },
      { sort: { version: 1 }, promoteBuffers: true, readConcern: MAJORITY },
    );
    for await (const document of found) yield withOwnBodies(document);
  }

  /**
   * Backwards along the index {p, stream, version}, a stretch at a time: the server looks into the entries and sends none but the one
   * that is it. When there is none, it has looked into the whole stream: 100,000 small entries took 0.3 s here, an eighth of what reading
   * them takes, which is what a fold without a snapshot does next. No query may take longer the longer the stream is: one that
   * outlasts the socket's time-out would never be answered.
   */
  async lastOfType(
    partition: number,
    stream: string,
    eventType: string,
    beforeVersion: number,
  ): Promise<LogDocument | undefined> {
    const place = { p: partition, stream };
    const below = beforeVersion === Infinity ? {} : { version: { $lt: beforeVersion } };
    const head = await this.entries.findOne(
      { ...place, ...below },
      { sort: { version: -1 }, projection: { _id: 0, version: 1 }, readConcern: MAJORITY },
    );
    for (let newest = head?.version ?? 0; newest > 0; newest -= VERSIONS_A_LOOK) {
      const found = await this.entries.findOne(
        { ...place, version: { $gt: newest - VERSIONS_A_LOOK, $lte: newest }, 'events.0.type': eventType },
        { sort: { version: -1 }, promoteBuffers: true, readConcern: MAJORITY },
      );
      if (found !== null) return withOwnBodies(found);
    }
    return undefined;
  }

  async *positionsAfter(partition: number, afterN: number): AsyncIterable<StreamPosition> {
    const range = { $gt: entryId(partition, afterN), $lt: endOfPartition(partition) };
    const found = this.entries.find(
      { _id: range, stream: { $ne: CLAIM_STREAM } },
      { sort: { _id: 1 }, projection: { stream: 1 }, readConcern: MAJORITY, batchSize: 10_000 },
    );
    for await (const { _id, stream } of found) yield { n: positionOf(partition, _id), stream };
  }

  async streamsAt(partition: number, positions: readonly number[]): Promise<StreamPosition[]> {
    const found = await this.entries
      .find(
        { _id: { $in: positions.map((n) => entryId(partition, n)) }, stream: { $ne: CLAIM_STREAM } },
        { sort: { _id: 1 }, projection: { stream: 1 }, readConcern: MAJORITY },
      )
      .toArray();
    return found.map(({ _id, stream }) => ({ n: positionOf(partition, _id), stream }));
  }

  async readCheckpoint(partition: number): Promise<TermedCheckpoint | undefined> {
    const stored = await this.checkpoints.findOne({ _id: partition });
    return stored === null ? undefined : { n: stored.n, holes: stored.holes, term: stored.term };
  }

  async writeCheckpoint(partition: number, { n, holes, term }: TermedCheckpoint): Promise<void> {
    try {
      await this.checkpoints.updateOne(
        { _id: partition, term: { $lte: term } },
        { $set: { n, holes, term } },
        { upsert: true, writeConcern: JOURNALED },
      );
    } catch (error) {
      // There is one, but of a later term: the upsert met it by its `_id`.
      if (!isDuplicateKey(error)) throw error;
    }
  }
}

interface InsertReply {
  readonly n: number;
  readonly writeErrors?: readonly { readonly index: number; readonly code: number }[];
  readonly writeConcernError?: { readonly errmsg?: string };
}

/** Anything but "all stored" and "all stored up to a duplicate" is unknown, and thrown (D2). */
function outcomeOf(reply: unknown, sent: number): InsertOutcome {
  const { n, writeErrors, writeConcernError } = reply as InsertReply;
  // Also beside a duplicate: then it is what lies *before* it that may be lost with this primary.
  if (writeConcernError !== undefined) {
    throw new Error(`not acknowledged by a majority: ${writeConcernError.errmsg ?? 'no reason given'}`);
  }
  const [failed] = writeErrors ?? [];
  if (failed === undefined) {
    if (n !== sent) throw new Error(`${n} of ${sent} documents stored without a reason`);
    return { stored: n };
  }
  if (!isDuplicateKey(failed) || n !== failed.index) throw new mongo.MongoServerError(failed);
  return { stored: n, duplicateAt: failed.index };
}

/** The driver's buffers are windows into the whole answer, up to 16 MiB: who keeps one body must not keep all of that. */
function withOwnBodies(document: LogDocument): LogDocument {
  if (document.events.every((event) => event.bodies.length === 0)) return document;
  const events = document.events.map((event) => ({ ...event, bodies: event.bodies.map((body) => Buffer.from(body)) }));
  return { ...document, events };
}
