import type { Clock, TimerRows } from '@stepwell/core';
import type { Registry } from 'prom-client';
import { Gauge, Histogram } from 'prom-client';

const LAG_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Counting costs the store something: not on every scrape. */
const COUNT_EVERY_MS = 15_000;

export class TimerMetrics {
  private readonly lag: Histogram;
  private countedAtMs = -Infinity;

  constructor(
    registry: Registry,
    private readonly rows: TimerRows,
    private readonly clock: Clock,
    private readonly owned: () => readonly number[],
  ) {
    const registers = [registry];
    const count = () => this.count();
    new Gauge({
      name: 'stepwell_timers_pending',
      help: 'Timers in the store, of the partitions this process owns.',
      registers,
      async collect() {
        const pending = await count();
        if (pending !== undefined) this.set(pending);
      },
    });
    this.lag = new Histogram({
      name: 'stepwell_timer_lag_seconds',
      help: 'From when a timer was due until its ask was answered.',
      buckets: LAG_BUCKETS_S,
      registers,
    });
  }

  fired(lagMs: number): void {
    this.lag.observe(Math.max(0, lagMs) / 1000);
  }

  /** Undefined when the last count is still good, or the store can't be asked. */
  private async count(): Promise<number | undefined> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.countedAtMs < COUNT_EVERY_MS) return undefined;
    this.countedAtMs = nowMs;
    return this.rows.count(this.owned()).catch(() => undefined);
  }
}
