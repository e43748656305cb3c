import {
  type Appended,
  type Clock,
  type Draft,
  EntryTooLarge,
  MAX_ENTRY_BYTES,
  PartitionLost,
  type Tenure,
} from '@stepwell/core';
import { documentSizeBytes } from './document-size';
import type { CommitLane, GroupCommit, LossReason } from './group-commit';
import type { LogDocument } from './log-driver';
import { entryId } from './log-position';
import { chainSum } from './stream-checksum';

export interface TenureStart {
  readonly partition: number;
  readonly term: number;
  /** Position and time of the committed claim. */
  readonly claimedAt: number;
  readonly at: number;
}

/**
 * The writer's side of one partition: gives positions and times, densely and in order. It rests on nothing but `_id`: a tenure
 * that doesn't know yet that it is over writes into taken places and is fenced there (L2).
 */
export class PartitionTenure implements Tenure, CommitLane {
  readonly partition: number;
  readonly term: number;
  readonly claimedAt: number;
  private readonly loss = new AbortController();
  private lastN: number;
  private lastAt: number;
  private unanswered = 0;
  private releasing = false;
  private whenAnswered: (() => void) | undefined;
  private reason: LossReason | undefined;

  constructor(
    start: TenureStart,
    private readonly commits: GroupCommit,
    private readonly clock: Clock,
    private readonly onEnd: (tenure: PartitionTenure) => void,
  ) {
    this.partition = start.partition;
    this.term = start.term;
    this.claimedAt = start.claimedAt;
    this.lastN = start.claimedAt;
    this.lastAt = start.at;
  }

  get lost(): AbortSignal {
    return this.loss.signal;
  }

  get endedBy(): LossReason | undefined {
    return this.reason;
  }

  /** What is stamped: the latest that it may be, so that what lasts for a while from here ends by nobody's clock too early (T2). */
  nowMs(): number {
    return Math.max(this.clock.latestMs?.() ?? this.clock.nowMs(), this.lastAt);
  }

  append(draft: Draft): Appended {
    if (this.reason !== undefined) throw new PartitionLost(this.partition, this.reason);
    if (this.releasing) throw new PartitionLost(this.partition, 'released');
    const { stream, version, events } = draft;
    const at = Math.max(draft.at ?? this.nowMs(), this.lastAt);
    const n = this.lastN + 1;
    const sum = chainSum(draft.previousSum, { stream, version, at, events });
    const document: LogDocument = {
      _id: entryId(this.partition, n),
      p: this.partition,
      stream,
      version,
      at,
      term: this.term,
      events,
      sum,
    };
    const sizeBytes = documentSizeBytes(document);
    if (sizeBytes > MAX_ENTRY_BYTES) throw new EntryTooLarge(sizeBytes, MAX_ENTRY_BYTES);
    // Nothing may fail between here and the queue: a position given away and not written would be a hole for ever.
    this.lastN = n;
    this.lastAt = at;
    this.unanswered += 1;
    const committed = this.commits.enqueue(this, document, sizeBytes);
    committed.then(
      () => {
        this.answered();
      },
      () => {
        this.answered();
      },
    );
    return { n, at, sum, committed };
  }

  async release(): Promise<void> {
    this.releasing = true;
    if (this.unanswered > 0 && this.reason === undefined) {
      await new Promise<void>((resolve) => {
        const earlier = this.whenAnswered;
        this.whenAnswered = () => {
          earlier?.();
          resolve();
        };
      });
    }
    this.end('released');
  }

  /** `lost` first, then the rejections: who hears of a rejection finds the tenure's state dropped already. */
  end(reason: LossReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.onEnd(this);
    this.loss.abort(new PartitionLost(this.partition, reason));
    this.commits.drop(this, reason);
  }

  private answered(): void {
    this.unanswered -= 1;
    if (this.unanswered === 0) this.whenAnswered?.();
  }
}
