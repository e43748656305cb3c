import type { AskServer, Membership, TimerRow, TimerRows } from '@stepwell/core';
import { Silence } from '@stepwell/core';
import type { TimerEngine } from './timer.engine';

/**
 * Which partitions' timers are ours, and who may say that they are set.
 *
 * 1. An ask is answered only after the store has the write (T1), and only while the partition is ours and the lease valid *then*: the
 *    next owner may have read its timers before our write landed, so it must be told itself. Otherwise silence: run-state asks again.
 * 2. What is ours is in memory before the bus is told, and what is lost is gone from memory before.
 */
export class TimerOwner {
  private stopListening: () => void = () => undefined;
  private told: Promise<void> = Promise.resolve();

  constructor(
    private readonly rows: TimerRows,
    private readonly membership: Membership,
    private readonly bus: AskServer,
    private readonly engine: TimerEngine,
    private readonly logger: { error(details: object, text: string): void },
  ) {}

  /** Resolves when this process is a member. */
  async start(): Promise<void> {
    this.stopListening = this.membership.onChange(() => {
      this.follow();
    });
    await this.membership.start();
    this.follow();
  }

  /** Hands over at once. */
  async stop(): Promise<void> {
    this.stopListening();
    this.engine.own(new Set());
    this.tell(new Set());
    await this.told;
    await this.membership.stop();
  }

  async set(timers: readonly TimerRow[]): Promise<void> {
    const partitions = new Set(timers.map(({ partition }) => partition));
    this.mustOwn(partitions);
    await this.rows.put(timers);
    this.mustOwn(partitions);
    this.engine.set(timers);
  }

  async cancel(partition: number, ids: readonly string[]): Promise<void> {
    this.mustOwn(new Set([partition]));
    this.engine.cancel(partition, ids);
    await this.rows.remove(ids);
    this.mustOwn(new Set([partition]));
  }

  private mustOwn(partitions: ReadonlySet<number>): void {
    for (const partition of partitions) {
      if (!this.engine.owns(partition) || !this.membership.leaseIsValid()) {
        throw new Silence(`the timers of partition ${partition} belong to another`);
      }
    }
  }

  private follow(): void {
    const assigned = this.membership.assigned();
    this.engine.own(assigned);
    this.tell(assigned);
  }

  /** One after the other, so that the last word is the latest. */
  private tell(partitions: ReadonlySet<number>): void {
    this.told = this.told
      .then(() => this.bus.serve('scheduler', partitions))
      .catch((error: unknown) => {
        this.logger.error({ err: error }, 'the bus could not be told which partitions are served');
      });
  }
}
