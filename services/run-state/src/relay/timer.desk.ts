import type { Bus, TimerRow } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { Logger } from 'pino';
import { isOver } from '../partition/tenure-end';

/** What the desk needs to know of a tenure. */
interface Holder {
  readonly partition: number;
  readonly lost: AbortSignal;
}

interface Waiting {
  readonly set: Map<string, { readonly timer: TimerRow; readonly settle: () => void }>;
  readonly cancel: Map<string, () => void>;
  asking: boolean;
}

/** At most this many timers in one ask. */
const BATCH = 500;
const RETRY_MS = { first: 50, most: 5_000 };

/**
 * Asks the scheduler for timers, batched per partition: what comes while one ask is under way rides with the next. Each ask goes on
 * until it is answered or the tenure ends; answered = durable there = settled (B1, E1).
 */
export class TimerDesk {
  private readonly waiting = new Map<AbortSignal, Waiting>();

  constructor(
    private readonly bus: Pick<Bus, 'ask'>,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly pause: (ms: number, signal: AbortSignal) => Promise<void>,
  ) {}

  set(holder: Holder, timer: TimerRow, settle: () => void): void {
    const waiting = this.of(holder);
    waiting.set.set(timer.id, { timer, settle });
    this.start(holder, waiting);
  }

  cancel(holder: Holder, id: string, settle: () => void): void {
    const waiting = this.of(holder);
    const unset = waiting.set.get(id);
    if (unset) {
      waiting.set.delete(id);
      unset.settle();
    }
    waiting.cancel.set(id, settle);
    this.start(holder, waiting);
  }

  private of(holder: Holder): Waiting {
    const known = this.waiting.get(holder.lost);
    if (known) return known;
    const waiting: Waiting = { set: new Map(), cancel: new Map(), asking: false };
    this.waiting.set(holder.lost, waiting);
    holder.lost.addEventListener('abort', () => this.waiting.delete(holder.lost), { once: true });
    return waiting;
  }

  private start(holder: Holder, waiting: Waiting): void {
    if (waiting.asking) return;
    waiting.asking = true;
    // What the same turn owes rides along.
    queueMicrotask(() => void this.askAll(holder, waiting));
  }

  private async askAll(holder: Holder, waiting: Waiting): Promise<void> {
    let delayMs = RETRY_MS.first;
    while (!holder.lost.aborted && (waiting.set.size > 0 || waiting.cancel.size > 0)) {
      try {
        await this.askSome(holder, waiting);
        delayMs = RETRY_MS.first;
      } catch (error) {
        if (isOver(holder.lost)) break;
        this.logger.warn(
          { err: error, partition: holder.partition },
          'the scheduler did not take timers, trying again',
        );
        await this.pause(delayMs, holder.lost);
        delayMs = Math.min(RETRY_MS.most, delayMs * 2);
      }
    }
    // In the same turn as the last look: what comes now starts anew.
    waiting.asking = false;
  }

  /** Sets before cancels, and never both at once: the same timer may be in both, in that order. */
  private async askSome(holder: Holder, waiting: Waiting): Promise<void> {
    const address = { partition: holder.partition };
    const patience = { patienceMs: Infinity, signal: holder.lost };
    const timers = first(waiting.set.values(), BATCH);
    if (timers.length > 0) {
      await this.bus.ask(asks.SetTimers, address, message({ timers: timers.map(({ timer }) => timer) }), patience);
      for (const sent of timers) {
        if (waiting.set.get(sent.timer.id) === sent) waiting.set.delete(sent.timer.id);
        sent.settle();
      }
      return;
    }
    const ids = first(waiting.cancel, BATCH);
    await this.bus.ask(asks.CancelTimers, address, message({ ids: ids.map(([id]) => id) }), patience);
    for (const [id, settle] of ids) {
      waiting.cancel.delete(id);
      settle();
    }
  }
}

/** Without a copy of all: a hundred thousand may wait. */
function first<Item>(items: Iterable<Item>, most: number): Item[] {
  const taken: Item[] = [];
  for (const item of items) {
    if (taken.length === most) break;
    taken.push(item);
  }
  return taken;
}
