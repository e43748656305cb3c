import type { Clock } from '@stepwell/core';
import { originOf } from '@stepwell/core';

/*
 * How long deliveries wait until they are made, by the origin they go to: what tells that new runs would only make it worse (B4).
 *
 * 1. Behind is where even the shortest of a second's waits was too long: a queue that is there all the time, and not only now and then.
 *    A few deliveries are none: those that wait while a process is replaced are made soon after, whoever comes now.
 * 2. By origin: an endpoint that can't keep up, or floods us, is no reason to refuse others. When it is we who can't keep up, all wait.
 * 3. What nothing was heard of for a while is not behind: somebody has to go ahead.
 * 4. Bounded; the origin that was heard of longest ago is forgotten first.
 */

const WINDOW_MS = 1_000;
/** So many in a second make a queue. */
const QUEUE = 20;
const FORGOTTEN_AFTER_MS = 5_000;
const MOST_ORIGINS = 1_000;

interface Waits {
  beganAtMs: number;
  leastMs: number;
  count: number;
  /** Of the window before; 0 when they were too few. */
  leastBeforeMs: number;
}

export class DeliveryDelays {
  /** Heard of longest ago first. */
  private readonly origins = new Map<string, Waits>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    /** Longer than this is behind. 0 = never. */
    private readonly mostMs: number,
  ) {}

  /** A delivery to this URL was made after so long. */
  note(url: string, waitedMs: number): void {
    if (this.mostMs === 0) return;
    const origin = originOf(url);
    const nowMs = this.clock.monotonicMs();
    const waits = this.origins.get(origin) ?? { beganAtMs: nowMs, leastMs: Infinity, count: 0, leastBeforeMs: 0 };
    this.origins.delete(origin);
    this.origins.set(origin, waits);
    if (nowMs - waits.beganAtMs >= WINDOW_MS) {
      const tells = waits.count >= QUEUE && nowMs - waits.beganAtMs <= FORGOTTEN_AFTER_MS;
      waits.leastBeforeMs = tells ? waits.leastMs : 0;
      waits.count = 0;
      waits.beganAtMs = nowMs;
      waits.leastMs = Infinity;
    }
    waits.leastMs = Math.min(waits.leastMs, waitedMs);
    waits.count += 1;
    for (const oldest of this.origins.keys()) {
      if (this.origins.size <= MOST_ORIGINS) break;
      this.origins.delete(oldest);
    }
  }

  isBehind(url: string): boolean {
    const waits = this.origins.get(originOf(url));
    if (waits === undefined || this.clock.monotonicMs() - waits.beganAtMs > FORGOTTEN_AFTER_MS) return false;
    return Math.min(waits.leastMs, waits.leastBeforeMs) > this.mostMs;
  }
}
