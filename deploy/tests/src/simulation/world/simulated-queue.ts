import type { Message } from '@stepwell/core';
import type { AnyWork } from '@stepwell/messaging';
import type { WorkVerdict } from '@stepwell/messaging/testing';
import type { SimulatedProcess } from './simulated-process';
import type { World } from './world';
import { transit } from './world';

export interface QueueWorker {
  readonly process: SimulatedProcess;
  takesMore(): boolean;
  take(item: QueuedItem, delivery: number): void;
  /** Whether it is still at it, and so beats. */
  isAt(item: QueuedItem, delivery: number): boolean;
}

export interface QueuedItem {
  readonly effectId: string;
  readonly message: Message<unknown>;
  readonly queuedAt: number;
  deliveries: number;
}

const BEAT_MS = 5_000;

/**
 * A JetStream work stream with one consumer (architecture.md E2).
 *
 * 1. At most one item per effect, from when it is queued until it is acknowledged.
 * 2. An item is handed to one worker at a time, in no promised order. It comes again when no heart-beat came for `ackWaitMs`; in bad
 *    weather a heart-beat or an acknowledgement is lost although the worker lives.
 * 3. What is said of a delivery that isn't the last is not heard.
 */
export class SimulatedQueue {
  private readonly items = new Map<string, QueuedItem>();
  private readonly ready = new Set<QueuedItem>();
  private workers: QueueWorker[] = [];

  constructor(
    private readonly world: World,
    private readonly definition: AnyWork,
    private readonly ackWaitMs: number,
  ) {}

  publish(effectId: string, message: Message<unknown>, nowMs: number): 'queued' | 'already-queued' {
    if (this.items.has(effectId)) return 'already-queued';
    const item = { effectId, message, queuedAt: nowMs, deliveries: 0 };
    this.items.set(effectId, item);
    this.makeReady(item);
    return 'queued';
  }

  join(worker: QueueWorker): void {
    this.workers.push(worker);
    for (const item of [...this.ready]) this.handOutSoon(item);
  }

  leave(worker: QueueWorker): void {
    this.workers = this.workers.filter((each) => each !== worker);
  }

  settle(item: QueuedItem, delivery: number, verdict: WorkVerdict): void {
    if (item.deliveries !== delivery || this.items.get(item.effectId) !== item) return;
    if (verdict === 'ack') this.items.delete(item.effectId);
    else this.makeReadyAfter(item, verdict.againAfterMs);
  }

  forget(): number {
    const { size } = this.items;
    this.items.clear();
    this.ready.clear();
    return size;
  }

  private makeReady(item: QueuedItem): void {
    this.ready.add(item);
    this.handOutSoon(item);
  }

  private makeReadyAfter(item: QueuedItem, delayMs: number): void {
    const delivery = item.deliveries;
    this.world.time.after(delayMs, () => {
      if (item.deliveries === delivery && this.items.get(item.effectId) === item) this.makeReady(item);
    });
  }

  /** Each on its own way: so they overtake each other. */
  private handOutSoon(item: QueuedItem): void {
    this.world.time.after(transit(this.world), () => {
      if (!this.ready.has(item)) return;
      const able = this.workers.filter((worker) => worker.takesMore());
      if (able.length === 0) return;
      const worker = this.world.chance.pick(able);
      this.ready.delete(item);
      item.deliveries += 1;
      const delivery = item.deliveries;
      if (delivery > 1) this.world.tally.count('redelivered work items');
      worker.process.enter(() => {
        worker.take(item, delivery);
      });
      this.watch(item, delivery, worker);
    });
  }

  /** Its worker beats as long as it is at it. */
  private watch(item: QueuedItem, delivery: number, worker: QueueWorker, heardMs = this.world.time.nowMs): void {
    const { time, chance, weather, tally } = this.world;
    time.after(BEAT_MS, () => {
      if (item.deliveries !== delivery || this.items.get(item.effectId) !== item || this.ready.has(item)) return;
      const beats = worker.process.isRunning && worker.isAt(item, delivery);
      const isLost = beats && chance.happens(weather.now.queue.redeliver);
      if (isLost) tally.count('queue: heart-beats lost');
      if (beats && !isLost) this.watch(item, delivery, worker);
      else if (!isLost && time.nowMs - heardMs < this.ackWaitMs) this.watch(item, delivery, worker, heardMs);
      else this.makeReady(item);
    });
  }

  get name(): string {
    return this.definition.name;
  }
}
