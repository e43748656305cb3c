import type { SimulatedProcess } from './simulated-process';
import type { World } from './world';

const TIMEOUT_MS = { least: 200, most: 8_000 };
const LATE_MS = { least: 500, most: 40_000 };
const STALL_MS = { least: 1_000, most: 15_000 };

/** What a process is told when its database fails. */
class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

/**
 * Between a process and its database: every operation takes a while there and back. In bad weather a write fails, its answer is lost,
 * only a part of it is done, or it is done long after its process was told that nobody knows.
 */
export class StoreWire {
  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
  ) {}

  read<Result>(work: () => Promise<Result>): Promise<Result> {
    const { chance, weather, tally } = this.world;
    if (chance.happens(weather.now.store.fail)) {
      tally.count('store: reads failed');
      return this.failed('could not read');
    }
    return this.there(this.latencyMs(), work);
  }

  /** @param work does that portion of it, from its beginning; 1 = all. */
  write<Result>(what: string, work: (portion: number) => Promise<Result>): Promise<Result> {
    const { chance, weather, tally, time } = this.world;
    const { fail, loseAnswer, cutShort, late } = weather.now.store;
    const fault = chance.weighted({ none: 1 - fail - loseAnswer - cutShort - late, fail, loseAnswer, cutShort, late });
    switch (fault) {
      case 'none':
        return this.there(this.latencyMs(), () => work(1));
      case 'fail':
        tally.count(`store: ${what} writes lost`);
        return this.failed('connection reset before the write');
      case 'loseAnswer':
        tally.count(`store: ${what} writes done, answer lost`);
        time.after(this.latencyMs(), () => void work(1));
        return this.failed('connection reset after the write');
      case 'cutShort': {
        tally.count(`store: ${what} writes cut short`);
        const portion = chance.random();
        time.after(this.latencyMs(), () => void work(portion));
        return this.failed('connection reset within the write');
      }
      case 'late':
        tally.count(`store: ${what} writes late`);
        time.after(chance.between(LATE_MS.least, LATE_MS.most), () => void work(1));
        return this.failed('timed out');
    }
  }

  private there<Result>(afterMs: number, work: () => Promise<Result>): Promise<Result> {
    const { time } = this.world;
    return new Promise((resolve, reject) => {
      time.after(afterMs, () => {
        // What the database does it does whether or not its client lives.
        work().then(
          (result) => {
            this.back(() => resolve(result));
          },
          (error: unknown) => {
            this.back(() => reject(error instanceof Error ? error : new Error(String(error))));
          },
        );
      });
    });
  }

  private failed(reason: string): Promise<never> {
    const { chance } = this.world;
    return new Promise((_, reject) => {
      this.process.after(chance.between(TIMEOUT_MS.least, TIMEOUT_MS.most), () => {
        reject(new StoreFault(reason));
      });
    });
  }

  private back(settle: () => void): void {
    this.world.time.after(this.world.chance.between(0.1, 0.6), () => {
      this.process.enter(settle);
    });
  }

  private latencyMs(): number {
    const { chance, weather, tally } = this.world;
    const reconnectsMs = Math.max(0, this.process.reconnectsUntilMs - this.world.time.nowMs);
    if (!chance.happens(weather.now.store.stall)) return reconnectsMs + chance.between(0.2, 2);
    tally.count('store: stalls');
    return chance.between(STALL_MS.least, STALL_MS.most);
  }
}
