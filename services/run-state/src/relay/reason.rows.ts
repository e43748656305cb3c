import type { Clock, RunRow } from '@stepwell/core';
import { hasEnded } from '@stepwell/core';
import type { StreamKey } from '../aggregates';
import { RUNS } from '../aggregates';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/stream';
import type { RowWriter } from './row.writer';

/** How long a reason has to hold before lists know it (L9). */
const HOLDS_MS = 1_000;

interface Changed {
  readonly host: PartitionHost;
  readonly sinceMs: number;
  /** What the row says so far. */
  readonly written: RunRow['waitingFor'];
}

/**
 * Keeps what runs wait for in their rows (L9), beside the rows that are owed because a status changed.
 *
 * 1. A run is looked at a second after it changed, and then what holds is written, if its row says something else: a run of quick steps
 *    costs no more rows than before, and a row is never long behind a run that moves all the time.
 * 2. Of committed state only; where something is under way the run is looked at again.
 * 3. Nobody owes it. What is lost with a process is mended by the auditor, who looks at every run's row.
 */
export class ReasonRows {
  private readonly changed = new Map<string, Changed>();
  private isTicking = false;

  constructor(
    private readonly rows: Pick<RowWriter, 'write'>,
    private readonly clock: Clock,
  ) {}

  /** An entry of the run was committed. Costs the same whatever the run is like. */
  note(host: PartitionHost, { name, state, row }: RunStream): void {
    if (!state || hasEnded(state)) {
      this.changed.delete(name);
      return;
    }
    if (this.changed.get(name)?.host === host) return;
    this.changed.set(name, { host, sinceMs: this.clock.monotonicMs(), written: row?.waitingFor });
    this.tick();
  }

  /** For an orderly end: whatever holds now. */
  async flush(): Promise<void> {
    await this.look(Infinity);
  }

  private tick(): void {
    if (this.isTicking) return;
    this.isTicking = true;
    this.clock.after(HOLDS_MS, () => {
      void this.look(this.clock.monotonicMs() - HOLDS_MS).finally(() => {
        this.isTicking = false;
        if (this.changed.size > 0) this.tick();
      });
    });
  }

  private async look(noLaterThanMs: number): Promise<void> {
    for (const [name, changed] of [...this.changed]) {
      // In the order of their changes, but for those that were looked at again.
      if (changed.sinceMs > noLaterThanMs) continue;
      if (this.changed.get(name) === changed) await this.lookAt(name, changed);
    }
  }

  private async lookAt(name: string, changed: Changed): Promise<void> {
    const { host, written } = changed;
    const key: StreamKey<'run'> = { aggregate: RUNS, name };
    try {
      const stream = await host.stream(key);
      if (!stream.isCommitted) return;
      this.forget(name, changed);
      const row = stream.rowNow(host.tenure.partition);
      if (!row || row.waitingFor === written || row.waitingFor === undefined) return;
      stream.row = row;
      this.rows.write(row, () => undefined);
    } catch {
      // The partition is lost, the run can't be read, or the store not be reached: whoever owns it next has to see to it.
      this.forget(name, changed);
    }
  }

  private forget(name: string, changed: Changed): void {
    if (this.changed.get(name) === changed) this.changed.delete(name);
  }
}
