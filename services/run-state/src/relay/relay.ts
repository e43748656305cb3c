import type { Bus, Obligation, RunState } from '@stepwell/core';
import { timerId } from '@stepwell/core';
import type { PartitionHost } from '../partition/partition.host';
import type { Kind } from '../aggregates';
import type { RunStream, Stream } from '../partition/stream';
import { isOfKind } from '../partition/stream';
import type { RowWriter } from './row.writer';
import { TimerDesk } from './timer.desk';
import type { PublisherDependencies } from './work.publisher';
import { WorkPublisher } from './work.publisher';

/*
 * The relay: sends what committed entries made owed, each effect to whoever does it (E1-E3).
 *
 * Owns: that every unsettled effect gets to its desk. Does not own: when one is settled; that is said by answers, receipts and later
 * events.
 *
 * 1. Nothing is sent before its entry is committed, and nothing that the state no longer owes (L4, E2).
 * 2. The end of the tenure ends every attempt to send: the successor sends for itself.
 */
export interface RelayDependencies extends PublisherDependencies {
  readonly bus: Bus;
  readonly rows: RowWriter;
}

export class Relay {
  private readonly timers: TimerDesk;
  private readonly work: WorkPublisher;

  constructor(private readonly dependencies: RelayDependencies) {
    this.timers = new TimerDesk(dependencies.bus, dependencies.logger, dependencies.pause);
    this.work = new WorkPublisher(dependencies);
  }

  /**
   * Sends these effects of a stream, as far as its state still owes them. Resolves after the first try at each; what failed is tried
   * again and again. Never rejects.
   */
  async send(host: PartitionHost, stream: Stream<Kind>, effectIds: readonly string[]): Promise<void> {
    if (!isOfKind(stream, 'run')) return;
    const tries: Promise<void>[] = [];
    for (const effectId of effectIds) {
      const obligation = stream.state?.owed.get(effectId);
      if (!stream.state || !obligation) continue;
      const trying = this.sendOfRun(host, stream, stream.state, effectId, obligation);
      if (trying) tries.push(trying);
    }
    await Promise.all(tries);
  }

  /** A worker's receipts (E1). */
  settle(host: PartitionHost, effectIds: readonly string[]): void {
    for (const effectId of effectIds) host.settlement.settle(effectId);
  }

  /** E3: the broker may have forgotten. Everything unsettled again, and the last ten minutes' announcements. Never rejects. */
  async sendEverythingAgain(hosts: Iterable<PartitionHost>): Promise<void> {
    await Promise.all([...hosts].map((host) => this.work.publishEverythingAgain(host)));
  }

  private sendOfRun(
    host: PartitionHost,
    stream: RunStream,
    state: RunState,
    effectId: string,
    obligation: Obligation,
  ): Promise<void> | undefined {
    const { partition } = host.tenure;
    const settle = (): void => {
      host.settlement.settle(effectId);
    };
    switch (obligation.type) {
      case 'WriteRow':
        // Not of the state: that may be ahead of what is committed.
        if (stream.row) this.dependencies.rows.write(stream.row, settle);
        return undefined;
      case 'SetTimer': {
        const { messageId, attempt, dueAt } = obligation;
        const { runId } = state;
        const timer = { id: timerId(runId, messageId, attempt), partition, dueAt, ask: { runId, messageId, attempt } };
        this.timers.set(host.tenure, timer, settle);
        return undefined;
      }
      case 'CancelTimer':
        this.timers.cancel(host.tenure, obligation.timerId, settle);
        return undefined;
      case 'TellStream':
        return undefined;
      case 'Deliver':
      case 'CallOut':
      case 'Announce':
        return this.work.publish(host, stream, effectId, stream);
    }
  }
}
