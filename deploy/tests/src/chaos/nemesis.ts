import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../e2e/until';
import type { Disturbance, Fault, Victims } from './faults/fault';
import { between } from './faults/fault';

/** What goes wrong, one thing after the other, by its seed. */
export interface Rage {
  readonly faults: readonly Fault[];
  readonly forMs: number;
  /** Over when that many have struck, if the time isn't before. */
  readonly count?: number;
  readonly betweenMs: { readonly least: number; readonly most: number };
  /** How many deliveries there have been. */
  readonly progress: () => number;
}

/** Every other fault is followed by the next one only when something has gone on, so that there is something to break. */
const RESPITE = { probability: 0.5, longestMs: 20_000 };

export class Nemesis {
  /** Every fault that struck. */
  readonly struck: Disturbance[] = [];

  constructor(
    private readonly victims: Victims,
    private readonly random: () => number,
    private readonly say: (line: string) => void,
  ) {}

  /** Until the time is over, or the count is reached. */
  async rage({ faults, forMs, count = Infinity, betweenMs, progress }: Rage): Promise<void> {
    const endAt = performance.now() + forMs;
    while (this.struck.length < count) {
      await delay(between(this.random, betweenMs.least, betweenMs.most));
      const leftMs = endAt - performance.now();
      if (leftMs <= 0) return;
      const fault = this.pick(faults.filter(({ takesMs = 0 }) => takesMs <= leftMs));
      const { name, kind, hits } = fault;
      this.say(name);
      const from = Date.now();
      await fault.strike(this.victims, this.random);
      this.struck.push({ name, kind, hits, from, to: Date.now() });
      const before = progress();
      if (this.random() < RESPITE.probability)
        await until('something goes on', () => progress() > before, RESPITE.longestMs).catch(() => undefined);
    }
  }

  private pick(faults: readonly Fault[]): Fault {
    let left = this.random() * faults.reduce((sum, { weight }) => sum + weight, 0);
    for (const fault of faults) {
      left -= fault.weight;
      if (left < 0) return fault;
    }
    throw new Error('there are no faults');
  }
}
