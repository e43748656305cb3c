import type { Clock } from '@stepwell/core';
import type { VirtualTime } from './virtual-time';

/** When the world began, unix ms. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

type Life = 'running' | 'frozen' | 'dead';

/**
 * A process as the world sees it: what reaches it, and its clock.
 *
 * 1. Everything that comes from outside (timers, messages, the store's answers) comes through {@link enter}.
 * 2. Frozen (SIGSTOP), it meets what came meanwhile when it goes on, in order; its clocks have run all the same.
 * 3. Dead, it meets nothing any more. What it sent before is on its way.
 */
export class SimulatedProcess implements Clock {
  private life: Life = 'running';
  private readonly waiting: { readonly work: () => void; readonly isMessage: boolean }[] = [];
  private readonly ends: (() => void)[] = [];
  /** When it was last continued. */
  thawedAtMs = -Infinity;
  /** Until then its connections to the store, cut while it stood still, are being made anew. */
  reconnectsUntilMs = -Infinity;
  /** When what it said last reaches the broker. */
  heardUntilMs = 0;
  /** When what it sent last to another one arrives there. */
  readonly arrivals = new Map<SimulatedProcess, number>();

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    /** The store's time, as this process carries it, is so much behind (T2: never ahead). */
    private readonly lagMs: number,
  ) {}

  get isRunning(): boolean {
    return this.life === 'running';
  }

  get isDead(): boolean {
    return this.life === 'dead';
  }

  nowMs(): number {
    return Math.trunc(EPOCH_MS + this.time.nowMs - this.lagMs);
  }

  monotonicMs(): number {
    return this.time.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const cancel = this.time.after(delayMs, () => {
      this.enter(() => {
        if (!isCancelled) callback();
      });
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  enter(work: () => void): void {
    this.meet(work, false);
  }

  /** Something said over the bus, which whoever listens too slowly may miss. */
  hear(work: () => void): void {
    this.meet(work, true);
  }

  private meet(work: () => void, isMessage: boolean): void {
    if (this.life === 'running') work();
    else if (this.life === 'frozen') this.waiting.push({ work, isMessage });
  }

  freeze(): void {
    if (this.life === 'running') this.life = 'frozen';
  }

  /** SIGCONT; the store hears from it only after a while, and the broker may have thrown away what it was to hear (a slow consumer). */
  thaw(reconnectsForMs = 0, wasCutOff = false): void {
    if (this.life !== 'frozen') return;
    this.reconnectsUntilMs = this.time.nowMs + reconnectsForMs;
    this.life = 'running';
    this.thawedAtMs = this.time.nowMs;
    for (const { work, isMessage } of this.waiting.splice(0)) {
      if (isMessage && wasCutOff) continue;
      this.time.after(0, () => {
        this.enter(work);
      });
    }
  }

  kill(): void {
    if (this.life === 'dead') return;
    this.life = 'dead';
    this.waiting.length = 0;
    for (const tell of this.ends) tell();
  }

  /** Whoever has a connection to it sees it go. */
  onEnd(listener: () => void): void {
    this.ends.push(listener);
  }
}
