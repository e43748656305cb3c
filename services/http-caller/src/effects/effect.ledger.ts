import type { HttpAttempt } from '../outbound/http-attempt';

/*
 * What this process is doing, and what it has done without anybody knowing yet (H2). A cache, not a state: losing it costs a
 * second request, never a run.
 *
 * 1. One effect runs once at a time here: whoever comes with the same one joins it.
 * 2. A finished request whose report was not answered is kept: the redelivery reports again instead of calling again.
 * 3. What was reported is forgotten at once; run-state says `not wanted` to whatever still comes.
 * 4. Bounded in number and bytes; the oldest go first.
 */

/** `dropped`: nobody wants it any more; there is nothing to report. */
export type Performed = HttpAttempt | 'dropped';

export interface EffectLedgerLimits {
  readonly keptAttempts: number;
  readonly keptBytes: number;
}

export class EffectLedger {
  private readonly running = new Map<string, Promise<void>>();
  /** Oldest first. */
  private readonly unreported = new Map<string, HttpAttempt>();
  private unreportedBytes = 0;
  private idleListeners: (() => void)[] = [];

  constructor(private readonly limits: EffectLedgerLimits) {}

  get runningCount(): number {
    return this.running.size;
  }

  get unreportedCount(): number {
    return this.unreported.size;
  }

  /** Resolves when the effect was reported or dropped; rejects with what `perform` or `report` threw. */
  run(
    effectId: string,
    perform: () => Promise<Performed>,
    report: (attempt: HttpAttempt) => Promise<void>,
  ): Promise<void> {
    const joined = this.running.get(effectId);
    if (joined !== undefined) return joined;
    const running = this.performAndReport(effectId, perform, report).finally(() => {
      this.running.delete(effectId);
      if (this.running.size === 0) for (const listener of this.idleListeners.splice(0)) listener();
    });
    this.running.set(effectId, running);
    return running;
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.idleListeners.push(resolve);
    });
  }

  private async performAndReport(
    effectId: string,
    perform: () => Promise<Performed>,
    report: (attempt: HttpAttempt) => Promise<void>,
  ): Promise<void> {
    const kept = this.unreported.get(effectId);
    const performed = kept ?? (await perform());
    if (performed === 'dropped') return;
    if (kept === undefined) this.keep(effectId, performed);
    await report(performed);
    this.forget(effectId);
  }

  private keep(effectId: string, attempt: HttpAttempt): void {
    this.unreported.set(effectId, attempt);
    this.unreportedBytes += sizeOf(attempt);
    for (const oldest of this.unreported.keys()) {
      if (this.unreported.size <= this.limits.keptAttempts && this.unreportedBytes <= this.limits.keptBytes) return;
      this.forget(oldest);
    }
  }

  private forget(effectId: string): void {
    const attempt = this.unreported.get(effectId);
    if (attempt === undefined) return;
    this.unreported.delete(effectId);
    this.unreportedBytes -= sizeOf(attempt);
  }
}

const sizeOf = ({ body, steps }: HttpAttempt): number =>
  (steps?.bodies ?? []).reduce((sum, { byteLength }) => sum + byteLength, body?.byteLength ?? 0);
