import { setImmediate as realTurn } from 'node:timers/promises';
import {
  CLAIM_STREAM,
  type InsertOutcome,
  type LogDocument,
  type LogDriver,
  type LogPosition,
  type StreamPosition,
  type TermedCheckpoint,
} from '../log/log-driver';
import { positionOf } from '../log/log-position';
import type { MemoryData } from './memory-data';

/** The twin of `mongo.log-driver.ts`: the same order, the same two unique keys, nothing survives the process. */
export class MemoryLogDriver implements LogDriver {
  /** @param nextTurn how the time passes that a real store takes; where time is simulated it passes elsewhere. */
  constructor(
    private readonly data: MemoryData,
    private readonly nextTurn: () => Promise<unknown> = () => realTurn(),
  ) {}

  async insertMany(documents: readonly LogDocument[]): Promise<InsertOutcome> {
    // An insert takes a turn, as a real one does: what is asked meanwhile rides with the next.
    await this.nextTurn();
    for (const [index, document] of documents.entries()) {
      const entries = this.entriesOf(document.p);
      const n = positionOf(document.p, document._id);
      const version = `${document.p}/${document.version}/${document.stream}`;
      if (entries.has(n) || this.data.versions.has(version)) return { stored: index, duplicateAt: index };
      this.data.versions.add(version);
      entries.set(n, copyOf(document));
    }
    return { stored: documents.length };
  }

  lastEntry(partition: number): Promise<LogPosition | undefined> {
    const last = this.inOrder(partition).at(-1);
    if (last === undefined) return Promise.resolve(undefined);
    return Promise.resolve({ n: positionOf(partition, last._id), at: last.at, term: last.term });
  }

  lastClaim(partition: number): Promise<LogDocument | undefined> {
    return Promise.resolve(this.inOrder(partition).findLast((document) => document.stream === CLAIM_STREAM));
  }

  async *stream(partition: number, stream: string, fromVersion: number, toVersion: number): AsyncIterable<LogDocument> {
    await this.nextTurn();
    const found = [...this.entriesOf(partition).values()].filter(
      (document) => document.stream === stream && document.version >= fromVersion && document.version <= toVersion,
    );
    for (const document of found.sort((a, b) => a.version - b.version)) yield copyOf(document);
  }

  lastOfType(
    partition: number,
    stream: string,
    eventType: string,
    beforeVersion: number,
  ): Promise<LogDocument | undefined> {
    let last: LogDocument | undefined;
    for (const document of this.entriesOf(partition).values()) {
      if (document.stream !== stream || document.version >= beforeVersion) continue;
      if (document.events[0]?.type === eventType && document.version > (last?.version ?? 0)) last = document;
    }
    return Promise.resolve(last === undefined ? undefined : copyOf(last));
  }

  async *positionsAfter(partition: number, afterN: number): AsyncIterable<StreamPosition> {
    await this.nextTurn();
    for (const { _id, stream } of this.inOrder(partition)) {
      const n = positionOf(partition, _id);
      if (n > afterN && stream !== CLAIM_STREAM) yield { n, stream };
    }
  }

  streamsAt(partition: number, positions: readonly number[]): Promise<StreamPosition[]> {
    const asked = new Set(positions);
    const all = this.inOrder(partition).map(({ _id, stream }) => ({ n: positionOf(partition, _id), stream }));
    return Promise.resolve(all.filter(({ n, stream }) => asked.has(n) && stream !== CLAIM_STREAM));
  }

  readCheckpoint(partition: number): Promise<TermedCheckpoint | undefined> {
    return Promise.resolve(this.data.checkpoints.get(partition));
  }

  writeCheckpoint(partition: number, checkpoint: TermedCheckpoint): Promise<void> {
    const stored = this.data.checkpoints.get(partition);
    if (stored === undefined || stored.term <= checkpoint.term) {
      this.data.checkpoints.set(partition, { ...checkpoint, holes: [...checkpoint.holes] });
    }
    return Promise.resolve();
  }

  private entriesOf(partition: number): Map<number, LogDocument> {
    const entries = this.data.entries.get(partition) ?? new Map<number, LogDocument>();
    this.data.entries.set(partition, entries);
    return entries;
  }

  private inOrder(partition: number): LogDocument[] {
    return [...this.entriesOf(partition).values()].sort((a, b) => a._id - b._id);
  }
}

/** Nobody may change what is stored through what was given or got. */
function copyOf(document: LogDocument): LogDocument {
  const events = document.events.map(({ type, data, bodies }) => ({
    type,
    data,
    bodies: bodies.map((body) => Buffer.from(body)),
  }));
  return { ...document, events };
}
