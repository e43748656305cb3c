import type { Message } from '@stepwell/core';
import type { AnyWork } from '../driver/bus-driver';
import { WorkNotQueued } from '../driver/bus-driver';
import type { WorkVerdict } from '../driver/work-verdict';

/*
 * One work queue, by the rules of a JetStream work stream (architecture.md E2).
 *
 * 1. At most one item per effect, from the moment it is queued until it is acknowledged: another one is `already-queued`.
 * 2. A full queue rejects, which is not the same as 1.
 * 3. Ready items leave in the order they became ready; an item given back becomes ready after its delay, at the end.
 * 4. An item whose worker died becomes ready after the ack wait. What the dead one says later is not heard.
 */

export interface QueuedItem {
  readonly effectId: string;
  readonly message: Message<unknown>;
  readonly queuedAt: number;
  readonly bytes: number;
  /** Deliveries so far; also tells one delivery from the next, so that a dead worker's verdict finds another number. */
  deliveries: number;
}

export interface QueueWorker {
  hasRoom(): boolean;
  take(item: QueuedItem, delivery: number): void;
}

export interface QueueLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
}

export class MemoryWorkQueue {
  private readonly items = new Map<string, QueuedItem>();
  private readonly ready = new Set<QueuedItem>();
  private workers: QueueWorker[] = [];
  private bytes = 0;
  private pumpIsDue = false;

  constructor(
    private readonly definition: AnyWork,
    private readonly limits: QueueLimits,
  ) {}

  publish(effectId: string, message: Message<unknown>): 'queued' | 'already-queued' {
    if (this.items.has(effectId)) return 'already-queued';
    const bytes = message.bodies.reduce((sum, body) => sum + body.byteLength, 0);
    if (this.items.size >= this.limits.maxItems || this.bytes + bytes > this.limits.maxBytes) {
      throw new WorkNotQueued(this.definition.name, effectId, 'the queue is full');
    }
    const item: QueuedItem = { effectId, message, queuedAt: Date.now(), bytes, deliveries: 0 };
    this.items.set(effectId, item);
    this.bytes += bytes;
    this.makeReady(item);
    return 'queued';
  }

  join(worker: QueueWorker): void {
    this.workers.push(worker);
    this.pump();
  }

  leave(worker: QueueWorker): void {
    this.workers = this.workers.filter((each) => each !== worker);
  }

  settle(item: QueuedItem, delivery: number, verdict: WorkVerdict): void {
    if (item.deliveries !== delivery || this.items.get(item.effectId) !== item) return;
    if (verdict === 'ack') {
      this.items.delete(item.effectId);
      this.bytes -= item.bytes;
    } else if (verdict.againAfterMs === 0) this.makeReady(item);
    else this.makeReadyAfter(item, verdict.againAfterMs);
  }

  /** The item's worker is gone; the item waits as if no heart-beat came any more. */
  abandon(item: QueuedItem, delivery: number, ackWaitMs: number): void {
    if (item.deliveries === delivery && this.items.get(item.effectId) === item) this.makeReadyAfter(item, ackWaitMs);
  }

  /** Forgets everything, as a broker that lost its disk. */
  forget(): void {
    this.items.clear();
    this.ready.clear();
    this.bytes = 0;
  }

  size(): number {
    return this.items.size;
  }

  /** Hands items out, soon: never from within a publisher's or a worker's own turn. */
  pump(): void {
    if (this.pumpIsDue || this.ready.size === 0 || this.workers.length === 0) return;
    this.pumpIsDue = true;
    queueMicrotask(() => {
      this.pumpIsDue = false;
      this.handOut();
    });
  }

  private handOut(): void {
    for (const item of this.ready) {
      const worker = this.nextWorker();
      if (worker === undefined) return;
      this.ready.delete(item);
      item.deliveries += 1;
      worker.take(item, item.deliveries);
    }
  }

  /** In turns, as a shared consumer does. */
  private nextWorker(): QueueWorker | undefined {
    const index = this.workers.findIndex((worker) => worker.hasRoom());
    const [worker] = index < 0 ? [] : this.workers.splice(index, 1);
    if (worker !== undefined) this.workers.push(worker);
    return worker;
  }

  private makeReady(item: QueuedItem): void {
    this.ready.add(item);
    this.pump();
  }

  private makeReadyAfter(item: QueuedItem, delayMs: number): void {
    const delivery = item.deliveries;
    setTimeout(() => {
      if (item.deliveries === delivery && this.items.get(item.effectId) === item) this.makeReady(item);
    }, delayMs).unref();
  }
}
