import { type Checkpoint, type Clock, CorruptStream, type EventLog, type LogEntry, type Tenure } from '@stepwell/core';
import { GroupCommit } from './group-commit';
import type { LogDocument, LogDriver } from './log-driver';
import { positionOf } from './log-position';
import { type Claimant, NewerSchema, tryClaim } from './partition.claim';
import { PartitionTenure } from './partition.tenure';
import { chainSum } from './stream-checksum';

/** Between two tries to claim while the database doesn't answer. */
const CLAIM_RETRY_MS = 250;

export interface EventLogOptions {
  readonly driver: LogDriver;
  /** Server time (T2). */
  readonly clock: Clock;
  readonly schemaVersion: number;
  readonly isConnected: () => boolean;
}

/**
 * The partition log (architecture.md section 3) over any {@link LogDriver}. Owns which partitions this process writes and in
 * which order; does not own who ought to (membership) nor what the entries mean.
 *
 * L1 `n` is dense per partition: positions are given here alone, and only behind a committed claim.
 * L2 A tenure begins with its own claim in the log and ends at the first sign of another one's.
 * L3 All documents, claims too, go through one {@link GroupCommit}.
 * L6 What is read is verified: versions dense, every sum follows from the one before.
 */
export class PartitionedEventLog implements EventLog {
  private readonly commits: GroupCommit;
  private readonly tenures = new Map<number, PartitionTenure>();
  private readonly claiming = new Map<number, number>();
  private readonly letGoListeners = new Set<() => void>();

  constructor(private readonly options: EventLogOptions) {
    this.commits = new GroupCommit(options.driver);
  }

  /** @throws NewerSchema besides what the port says: the partition is not for this program. */
  async claim(partition: number, signal: AbortSignal): Promise<Tenure> {
    signal.throwIfAborted();
    // Claiming what is held is how an owner starts over (L4): the former tenure must not go on beside the new one.
    this.tenures.get(partition)?.end('released');
    this.claiming.set(partition, (this.claiming.get(partition) ?? 0) + 1);
    try {
      return await this.claimUntilItLands(partition, signal);
    } finally {
      const others = (this.claiming.get(partition) ?? 1) - 1;
      if (others > 0) this.claiming.set(partition, others);
      else this.claiming.delete(partition);
      if (!this.tenures.has(partition)) this.tellLetGo();
    }
  }

  async *readStream(
    partition: number,
    stream: string,
    range: { fromVersion?: number; toVersion?: number } = {},
  ): AsyncIterable<LogEntry> {
    const fromVersion = Math.max(1, range.fromVersion ?? 1);
    // One before, if there is one: its sum is what the first must follow from.
    const documents = this.options.driver.stream(partition, stream, fromVersion - 1, range.toVersion ?? Infinity);
    let previous: LogDocument | undefined;
    for await (const document of documents) {
      if (document.version >= fromVersion) {
        verifyLink(document, previous, fromVersion);
        yield toEntry(document);
      }
      previous = document;
    }
  }

  /**
   * Not verified by itself: whoever reads on from it with `readStream` has that one verified too (L6). When there is none, the store has
   * looked into all of the stream, which costs less than to read it and transfers nothing.
   */
  async lastEntryOf(
    partition: number,
    stream: string,
    eventType: string,
    beforeVersion = Infinity,
  ): Promise<LogEntry | undefined> {
    const document = await this.options.driver.lastOfType(partition, stream, eventType, beforeVersion);
    return document === undefined ? undefined : toEntry(document);
  }

  positionsAfter(partition: number, afterN: number): AsyncIterable<{ n: number; stream: string }> {
    return this.options.driver.positionsAfter(partition, afterN);
  }

  async streamsAt(partition: number, positions: readonly number[]): Promise<{ n: number; stream: string }[]> {
    if (positions.length === 0) return [];
    return this.options.driver.streamsAt(partition, positions);
  }

  async readCheckpoint(partition: number): Promise<Checkpoint> {
    const stored = await this.options.driver.readCheckpoint(partition);
    return stored === undefined ? { n: 0, holes: [] } : { n: stored.n, holes: stored.holes };
  }

  writeCheckpoint(tenure: Tenure, checkpoint: Checkpoint): Promise<void> {
    const { n, holes } = checkpoint;
    return this.options.driver.writeCheckpoint(tenure.partition, { n, holes, term: tenure.term });
  }

  nowMs(): number {
    return this.options.clock.nowMs();
  }

  isConnected(): boolean {
    return this.options.isConnected();
  }

  /** Partitions this process writes or is about to: nobody else may take them before it lets go or is dead. */
  held(): ReadonlySet<number> {
    return new Set([...this.tenures.keys(), ...this.claiming.keys()]);
  }

  /** Calls back after a partition was let go. */
  onLetGo(listener: () => void): () => void {
    this.letGoListeners.add(listener);
    return () => this.letGoListeners.delete(listener);
  }

  /** Ends every tenure at once: this process is no member any more, so nothing it remembers may be answered from (L2). */
  abandon(): void {
    for (const tenure of [...this.tenures.values()]) tenure.end('not-owned');
  }

  private async claimUntilItLands(partition: number, signal: AbortSignal): Promise<Tenure> {
    const { driver, clock, schemaVersion } = this.options;
    const claimant: Claimant = { driver, commits: this.commits, clock, schemaVersion };
    for (;;) {
      signal.throwIfAborted();
      try {
        const start = await tryClaim(claimant, partition);
        signal.throwIfAborted();
        if (start !== undefined) return this.beginTenure(start);
        await this.pause(0, signal);
      } catch (error) {
        if (error instanceof NewerSchema) throw error;
        signal.throwIfAborted();
        await this.pause(CLAIM_RETRY_MS, signal);
      }
    }
  }

  private beginTenure(start: ConstructorParameters<typeof PartitionTenure>[0]): PartitionTenure {
    this.tenures.get(start.partition)?.end('fenced');
    const tenure = new PartitionTenure(start, this.commits, this.options.clock, (ended) => {
      if (this.tenures.get(ended.partition) !== ended) return;
      this.tenures.delete(ended.partition);
      this.tellLetGo();
    });
    this.tenures.set(start.partition, tenure);
    return tenure;
  }

  private tellLetGo(): void {
    for (const listener of this.letGoListeners) listener();
  }

  private pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        cancel();
        resolve();
      };
      const cancel = this.options.clock.after(delayMs, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function verifyLink(document: LogDocument, previous: LogDocument | undefined, fromVersion: number): void {
  const { stream, version } = document;
  const expectedVersion = previous === undefined ? fromVersion : previous.version + 1;
  if (version !== expectedVersion) throw new CorruptStream(stream, expectedVersion, `missing, ${version} follows`);
  // What lies before a stream's newest state may have been removed (L8): then the first entry is where trust begins.
  if (previous === undefined && fromVersion > 1) return;
  if (chainSum(previous?.sum ?? '', document) !== document.sum) {
    throw new CorruptStream(stream, version, 'its checksum does not follow from the entry before');
  }
}

function toEntry(document: LogDocument): LogEntry {
  const { _id, p, stream, version, at, term, events, sum } = document;
  return { partition: p, n: positionOf(p, _id), stream, version, at, term, events, sum };
}
