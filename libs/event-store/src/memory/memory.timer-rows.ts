import type { TimerRow, TimerRows } from '@stepwell/core';
import type { MemoryData } from './memory-data';

export class MemoryTimerRows implements TimerRows {
  constructor(private readonly data: MemoryData) {}

  put(timers: readonly TimerRow[]): Promise<void> {
    for (const timer of timers) this.data.timers.set(timer.id, structuredClone(timer));
    return Promise.resolve();
  }

  remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.data.timers.delete(id);
    return Promise.resolve();
  }

  due(partitions: readonly number[], beforeMs: number, limit: number): Promise<TimerRow[]> {
    const found = this.of(partitions).filter((timer) => timer.dueAt < beforeMs);
    found.sort((a, b) => a.dueAt - b.dueAt || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    return Promise.resolve(found.slice(0, limit).map((timer) => structuredClone(timer)));
  }

  count(partitions: readonly number[]): Promise<number> {
    return Promise.resolve(this.of(partitions).length);
  }

  private of(partitions: readonly number[]): TimerRow[] {
    const asked = new Set(partitions);
    return [...this.data.timers.values()].filter((timer) => asked.has(timer.partition));
  }
}
