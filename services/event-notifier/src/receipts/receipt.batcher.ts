import type { Bus, Clock } from '@stepwell/core';
import { asks, message } from '@stepwell/core';

/*
 * Tells run-state which effects are done, several at a time. It owns what waits to be told; the work items stay their workers', who
 * acknowledge only when `settled` has resolved (B2, E1).
 *
 * 1. `settled` resolves after the partition's owner answered an ask that named the effect, and rejects when nobody answered: the
 *    item then goes back to its queue, is published again under the same id and told again.
 * 2. One ask per partition at a time. What comes meanwhile goes with the next: batches form by themselves. Only the first waits, for a
 *    few milliseconds, for company.
 * 3. A partition that nobody answers for delays no other.
 */

export interface ReceiptLimits {
  /** How long the first receipt of a batch waits for others. */
  readonly gatherMs: number;
  readonly effectsPerAsk: number;
}

interface Receipt {
  readonly effectId: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly waiting: Receipt[];
  isGathering: boolean;
  isAsking: boolean;
}

export class ReceiptBatcher {
  private readonly lanes = new Map<number, Lane>();

  constructor(
    private readonly bus: Pick<Bus, 'ask'>,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly limits: ReceiptLimits,
  ) {}

  /** @throws NobodyAnswered */
  settled(partition: number, effectId: string): Promise<void> {
    const lane = this.laneOf(partition);
    return new Promise((resolve, reject) => {
      lane.waiting.push({ effectId, resolve, reject });
      if (lane.isAsking) return;
      if (lane.waiting.length >= this.limits.effectsPerAsk) void this.tell(partition, lane);
      else if (!lane.isGathering) this.gather(partition, lane);
    });
  }

  private laneOf(partition: number): Lane {
    const known = this.lanes.get(partition);
    if (known !== undefined) return known;
    const lane = { waiting: [], isGathering: false, isAsking: false };
    this.lanes.set(partition, lane);
    return lane;
  }

  private gather(partition: number, lane: Lane): void {
    lane.isGathering = true;
    this.clock.after(this.limits.gatherMs, () => {
      lane.isGathering = false;
      if (!lane.isAsking) void this.tell(partition, lane);
    });
  }

  private async tell(partition: number, lane: Lane): Promise<void> {
    lane.isAsking = true;
    while (lane.waiting.length > 0) {
      const batch = lane.waiting.splice(0, this.limits.effectsPerAsk);
      try {
        // A redelivered item may stand beside its former self.
        const effectIds = [...new Set(batch.map(({ effectId }) => effectId))];
        await this.bus.ask(asks.Settle, { partition }, message({ effectIds }));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    lane.isAsking = false;
  }
}
