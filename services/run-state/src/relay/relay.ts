import type { Bus, Obligation, RunState } from '@stepwell/core';
import { announcementOf, message, timerId, works } from '@stepwell/core';
import type { Logger } from 'pino';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/run-stream';
import type { ItemBuilder } from './item.builder';
import type { ResultText } from './result-text';
import type { RowWriter } from './row.writer';
import { TimerDesk } from './timer.desk';

/*
 * The relay: sends what committed entries made owed (E1-E3).
 *
 * Owns: getting every unsettled effect to whoever does it, again and again until it is taken. Does not own: when one is settled; that
 * is said by answers, receipts and later events.
 *
 * 1. Nothing is sent before its entry is committed, and nothing that the state no longer owes (L4, E2).
 * 2. A PubAck settles nothing (E1).
 * 3. The end of the tenure ends every attempt to send: the successor sends for itself.
 */
export interface RelayDependencies {
  readonly bus: Bus;
  readonly items: ItemBuilder;
  readonly rows: RowWriter;
  readonly results: ResultText;
  readonly logger: Logger;
  /** Waits, or less when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** E3: how long an announcement is repeated when the broker has lost what it had. */
const ANNOUNCEMENT_MEMORY_MS = 10 * 60 * 1000;
const RETRY_MS = { first: 50, most: 5_000 };

export class Relay {
  private readonly timers: TimerDesk;
  private readonly announced = new Map<
    string,
    { readonly host: PartitionHost; readonly stream: string; readonly at: number }
  >();

  constructor(private readonly dependencies: RelayDependencies) {
    this.timers = new TimerDesk(dependencies.bus, dependencies.logger);
  }

  /** Sends these effects of a stream, as far as its state still owes them. */
  send(host: PartitionHost, stream: RunStream, effectIds: readonly string[]): void {
    for (const effectId of effectIds) {
      const obligation = stream.state?.owed.get(effectId);
      if (!stream.state || !obligation) continue;
      this.sendOne(host, stream, stream.state, effectId, obligation);
    }
  }

  /** A worker's receipts (E1). */
  settle(host: PartitionHost, effectIds: readonly string[]): void {
    for (const effectId of effectIds) host.settlement.settle(effectId);
  }

  /** E3: the broker may have forgotten. Everything unsettled again, and the last ten minutes' announcements. */
  async sendEverythingAgain(hosts: Iterable<PartitionHost>): Promise<void> {
    for (const host of hosts) {
      const byStream = new Map<string, string[]>();
      for (const effectId of host.settlement.unsettled()) push(byStream, streamOfEffect(effectId), effectId);
      for (const [effectId, said] of this.announced) if (said.host === host) push(byStream, said.stream, effectId);
      for (const [name, effectIds] of byStream) {
        if (host.tenure.lost.aborted) break;
        const stream = await host.stream(name);
        this.send(host, stream, effectIds);
      }
    }
  }

  private sendOne(
    host: PartitionHost,
    stream: RunStream,
    state: RunState,
    effectId: string,
    obligation: Obligation,
  ): void {
    const { partition } = host.tenure;
    const settle = (): void => {
      host.settlement.settle(effectId);
    };
    switch (obligation.type) {
      case 'WriteRow':
        this.dependencies.rows.write(state, partition, settle);
        return;
      case 'SetTimer': {
        const { messageId, attempt, dueAt } = obligation;
        const { runId } = state;
        const timer = { id: timerId(runId, messageId, attempt), partition, dueAt, ask: { runId, messageId, attempt } };
        this.timers.set(host.tenure, timer, settle);
        return;
      }
      case 'CancelTimer':
        this.timers.cancel(host.tenure, obligation.timerId, settle);
        return;
      case 'Deliver':
      case 'CallOut':
      case 'Announce':
        void this.publish(host, stream, effectId, obligation.type);
        return;
    }
  }

  private async publish(host: PartitionHost, stream: RunStream, effectId: string, type: WorkType): Promise<void> {
    const { logger, pause } = this.dependencies;
    for (let delayMs = RETRY_MS.first; !host.tenure.lost.aborted; delayMs = Math.min(RETRY_MS.most, delayMs * 2)) {
      try {
        await this.publishOnce(host, stream, effectId, type);
        return;
      } catch (error) {
        if (host.tenure.lost.aborted) return;
        logger.warn({ err: error, effectId }, 'could not queue work, trying again');
      }
      await pause(delayMs, host.tenure.lost);
    }
  }

  private async publishOnce(host: PartitionHost, stream: RunStream, effectId: string, type: WorkType): Promise<void> {
    const { bus, items } = this.dependencies;
    const { state } = stream;
    const obligation = state?.owed.get(effectId);
    if (!state || !obligation) return;
    if (type === 'Announce') {
      await this.announce(host, stream, state, effectId);
      return;
    }
    const delivery = 'messageId' in obligation ? state.deliveries.get(obligation.messageId) : undefined;
    if (delivery?.effectId !== effectId) return;
    if (type === 'CallOut')
      await bus.publishWork(works.CallOut, effectId, await items.callOut(host.tenure, stream, state, delivery));
    else if (delivery.kind === 'step')
      await bus.publishWork(works.Deliver, effectId, items.step(host.tenure, stream, state, delivery));
    else await bus.publishWork(works.Deliver, effectId, await items.callback(host.tenure, stream, state, delivery));
  }

  private async announce(host: PartitionHost, stream: RunStream, state: RunState, effectId: string): Promise<void> {
    const { bus, results } = this.dependencies;
    const announcement = announcementOf(state, await results.of(host.tenure, stream, state));
    if (!announcement) return;
    await bus.publishWork(
      works.Announce,
      effectId,
      message({ effectId, partition: host.tenure.partition, announcement }),
    );
    this.remember(host, stream, effectId);
  }

  private remember(host: PartitionHost, stream: RunStream, effectId: string): void {
    const at = host.tenure.nowMs();
    this.announced.delete(effectId);
    this.announced.set(effectId, { host, stream: stream.name, at });
    for (const [oldest, said] of this.announced) {
      if (at - said.at <= ANNOUNCEMENT_MEMORY_MS && !said.host.tenure.lost.aborted) break;
      this.announced.delete(oldest);
    }
  }
}

type WorkType = Extract<Obligation['type'], 'Deliver' | 'CallOut' | 'Announce'>;

/** Effect ids are `<stream>:<version>:<k>`; the stream's name may hold colons. */
export function streamOfEffect(effectId: string): string {
  return effectId.split(':').slice(0, -2).join(':');
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
