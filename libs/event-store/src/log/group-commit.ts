import { MAX_BATCH_BYTES, PartitionLost } from '@stepwell/core';
import type { LogDocument, LogDriver } from './log-driver';

/**
 * The one place where documents are inserted (architecture.md L3, section 12.3). It owns the queue and the single insert in
 * flight; it does not own positions, terms or what a document says.
 *
 * G1 One insert in flight. What is queued meanwhile goes out with the next: no timer, an idle queue sends at once.
 * G2 Order within a lane is the order of `enqueue`. A lane is one tenure or one claim, of one partition.
 * G3 A duplicate ends its lane as `fenced`: its later documents are dropped, those of other lanes are sent again in order.
 * G4 An insert of unknown outcome ends every lane that had a document in it as `unknown-outcome`.
 * G5 Whatever ends a lane rejects all of its unanswered documents, in flight or queued, and only those.
 */
export interface CommitLane {
  readonly partition: number;
  /** Set once, by `end`. */
  readonly endedBy: LossReason | undefined;
  /** Must make `endedBy` defined and call {@link GroupCommit.drop}. */
  end(reason: LossReason): void;
}

export type LossReason = PartitionLost['reason'];

interface Pending {
  readonly lane: CommitLane;
  readonly document: LogDocument;
  readonly sizeBytes: number;
  resolve(): void;
  reject(error: PartitionLost): void;
}

export class GroupCommit {
  private queue: Pending[] = [];
  private inFlight: readonly Pending[] = [];
  private running = false;

  constructor(private readonly driver: LogDriver) {}

  /** Resolves when the document is stored; rejects with {@link PartitionLost} when its lane ends first. */
  enqueue(lane: CommitLane, document: LogDocument, sizeBytes: number): Promise<void> {
    const committed = new Promise<void>((resolve, reject) => {
      this.queue.push({ lane, document, sizeBytes, resolve, reject });
    });
    // Who appended may have gone since (its asker hung up): a loss nobody waits for is not an unhandled rejection.
    committed.catch(() => undefined);
    if (!this.running) {
      this.running = true;
      // Not a window: what the same turn decides rides along, and nothing is waited for.
      queueMicrotask(() => void this.run());
    }
    return committed;
  }

  /** G5. */
  drop(lane: CommitLane, reason: LossReason): void {
    const error = new PartitionLost(lane.partition, reason);
    for (const pending of this.inFlight) if (pending.lane === lane) pending.reject(error);
    const kept: Pending[] = [];
    for (const pending of this.queue) {
      if (pending.lane === lane) pending.reject(error);
      else kept.push(pending);
    }
    this.queue = kept;
  }

  private async run(): Promise<void> {
    while (this.queue.length > 0) {
      this.inFlight = this.takeBatch();
      await this.insert(this.inFlight);
      this.inFlight = [];
    }
    this.running = false;
  }

  private takeBatch(): Pending[] {
    let count = 0;
    let sizeBytes = 0;
    for (const pending of this.queue) {
      sizeBytes += pending.sizeBytes;
      if (count > 0 && sizeBytes > MAX_BATCH_BYTES) break;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private async insert(batch: readonly Pending[]): Promise<void> {
    const stored = await this.tryInsert(batch);
    if (stored === undefined) {
      for (const lane of new Set(batch.map((pending) => pending.lane))) lane.end('unknown-outcome');
      return;
    }
    for (const pending of batch.slice(0, stored)) pending.resolve();
    const [duplicate, ...rest] = batch.slice(stored);
    if (duplicate === undefined) return;
    duplicate.lane.end('fenced');
    this.queue = [...rest.filter((pending) => pending.lane.endedBy === undefined), ...this.queue];
  }

  /** How many were stored; all, or up to a duplicate. Undefined = unknown. */
  private async tryInsert(batch: readonly Pending[]): Promise<number | undefined> {
    try {
      const outcome = await this.driver.insertMany(batch.map((pending) => pending.document));
      const stored = outcome.duplicateAt ?? batch.length;
      return outcome.stored === stored ? stored : undefined;
    } catch {
      // D2. Why it failed is for the driver to log: whatever it was, the answer is the same.
      return undefined;
    }
  }
}
