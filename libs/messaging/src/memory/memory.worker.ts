import type { WorkContext } from '@stepwell/core';
import type { AnyWork, BusLog, IntakeLimits, WorkHandler } from '../driver/bus-driver';
import { judgeWork } from '../driver/work-verdict';
import type { MemoryWorkQueue, QueuedItem, QueueWorker } from './memory.work-queue';

/** One process's consumption of one work queue: takes items up to its limit and settles them by what the handler does. */
export class MemoryWorker implements QueueWorker {
  /** Item to its delivery. */
  private readonly inFlight = new Map<QueuedItem, number>();
  private readonly graceIsOver = new AbortController();
  private readonly idleListeners: (() => void)[] = [];
  private takesMore = true;

  constructor(
    private readonly definition: AnyWork,
    private readonly queue: MemoryWorkQueue,
    private readonly handler: WorkHandler,
    private readonly limits: IntakeLimits,
    private readonly log: BusLog,
  ) {
    queue.join(this);
  }

  hasRoom(): boolean {
    return this.takesMore && this.inFlight.size < this.limits.maxInFlight;
  }

  take(item: QueuedItem, delivery: number): void {
    this.inFlight.set(item, delivery);
    const context: WorkContext = {
      effectId: item.effectId,
      deliveryCount: delivery,
      queuedAt: item.queuedAt,
      // A living worker's items never run out of time here.
      working: () => undefined,
      signal: this.graceIsOver.signal,
    };
    void judgeWork(this.definition.name, this.handler, item.message, context, this.log).then((verdict) => {
      if (this.inFlight.get(item) !== delivery) return;
      this.inFlight.delete(item);
      this.queue.settle(item, delivery, verdict);
      this.queue.pump();
      if (this.inFlight.size === 0) this.tellIdle();
    });
  }

  stopIntake(): void {
    this.takesMore = false;
    this.queue.leave(this);
  }

  async drain(grace: AbortSignal): Promise<void> {
    if (this.inFlight.size === 0) return;
    await new Promise<void>((resolve) => {
      this.idleListeners.push(resolve);
      if (grace.aborted) this.giveBackTheRest();
      else {
        grace.addEventListener('abort', () => {
          this.giveBackTheRest();
        });
      }
    });
  }

  giveBackTheRest(): void {
    this.stopIntake();
    this.graceIsOver.abort();
    this.release((item, delivery) => {
      this.queue.settle(item, delivery, { againAfterMs: 0 });
    });
  }

  /** As if the process had died: nothing is given back, its items come again after the ack wait. */
  die(ackWaitMs: number): void {
    this.stopIntake();
    this.release((item, delivery) => {
      this.queue.abandon(item, delivery, ackWaitMs);
    });
  }

  private release(each: (item: QueuedItem, delivery: number) => void): void {
    const left = [...this.inFlight];
    this.inFlight.clear();
    for (const [item, delivery] of left) each(item, delivery);
    this.tellIdle();
  }

  private tellIdle(): void {
    for (const listener of this.idleListeners.splice(0)) listener();
  }
}
