import type { Bus, Obligation, RunState } from '@stepwell/core';
import { announcementOf, message, timerId, works } from '@stepwell/core';
import type { Logger } from 'pino';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/run-stream';
import { UnreadableRun } from '../partition/run-stream';
import { isOver } from '../partition/tenure-end';
import { BodyMissing } from '../bodies/body.reader';
import type { ItemBuilder } from './item.builder';
import { IncompleteState } from './item.builder';
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
 * 4. The first try at a step's delivery is made in the turn of its commit, so items are queued in the order of their commits. Later
 *    tries hold nothing but names: by then the stream may have been evicted and have gone on.
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

interface Said {
  readonly partition: number;
  readonly stream: string;
  readonly at: number;
}

export class Relay {
  private readonly timers: TimerDesk;
  /** By effect id, oldest first. */
  private readonly announced = new Map<string, Said>();

  constructor(private readonly dependencies: RelayDependencies) {
    this.timers = new TimerDesk(dependencies.bus, dependencies.logger, dependencies.pause);
  }

  /**
   * Sends these effects of a stream, as far as its state still owes them. Resolves after the first try at each; what failed is tried
   * again and again. Never rejects.
   */
  async send(host: PartitionHost, stream: RunStream, effectIds: readonly string[]): Promise<void> {
    const tries: Promise<void>[] = [];
    for (const effectId of effectIds) {
      const obligation = stream.state?.owed.get(effectId);
      if (!stream.state || !obligation) continue;
      const trying = this.sendOne(host, stream, stream.state, effectId, obligation);
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
    await Promise.all([...hosts].map((host) => this.sendAllOf(host)));
  }

  /** One stream after the other: a broker that just came back is not to be drowned. */
  private async sendAllOf(host: PartitionHost): Promise<void> {
    const byStream = new Map<string, Set<string>>();
    for (const effectId of host.settlement.unsettled()) add(byStream, streamOfEffect(effectId), effectId);
    for (const [effectId, { partition, stream }] of this.announced) {
      if (partition === host.tenure.partition) add(byStream, stream, effectId);
    }
    for (const [name, effectIds] of byStream) {
      if (host.tenure.lost.aborted) return;
      await Promise.all([...effectIds].map((effectId) => this.publish(host, name, effectId)));
    }
  }

  private sendOne(
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
      case 'Deliver':
      case 'CallOut':
      case 'Announce':
        return this.publish(host, stream.name, effectId, stream);
    }
  }

  /** Resolves after the first try; goes on by itself where that failed. */
  private async publish(host: PartitionHost, name: string, effectId: string, stream?: RunStream): Promise<void> {
    if (!(await this.tryToPublish(host, name, effectId, 'warn', stream))) void this.publishLater(host, name, effectId);
  }

  private async publishLater(host: PartitionHost, name: string, effectId: string): Promise<void> {
    const { lost } = host.tenure;
    for (let delayMs = RETRY_MS.first; !lost.aborted; delayMs = Math.min(RETRY_MS.most, delayMs * 2)) {
      await this.dependencies.pause(delayMs, lost);
      if (await this.tryToPublish(host, name, effectId, 'debug')) return;
    }
  }

  /** False = to be tried again. Never rejects. */
  private async tryToPublish(
    host: PartitionHost,
    name: string,
    effectId: string,
    level: 'warn' | 'debug',
    stream?: RunStream,
  ): Promise<boolean> {
    const { logger } = this.dependencies;
    if (host.tenure.lost.aborted) return true;
    try {
      await this.publishOnce(host, stream ?? (await host.stream(name)), effectId);
      return true;
    } catch (error) {
      if (isOver(host.tenure.lost)) return true;
      if (isForGood(error)) {
        // It stays unsettled: a hole in the checkpoint, looked at again at the next take-over.
        logger.error({ err: error, effectId }, 'an effect can not be sent');
        return true;
      }
      logger[level]({ err: error, effectId }, 'could not queue work, trying again');
      return false;
    }
  }

  private async publishOnce(host: PartitionHost, stream: RunStream, effectId: string): Promise<void> {
    const { bus, items } = this.dependencies;
    const { state } = stream;
    const obligation = state?.owed.get(effectId);
    if (!state || !obligation) return;
    if (obligation.type === 'Announce') {
      await this.announce(host, stream, state, effectId);
      return;
    }
    if (obligation.type !== 'Deliver' && obligation.type !== 'CallOut') return;
    const delivery = state.deliveries.get(obligation.messageId);
    // Succeeded, and only not written yet (L7): it isn't wanted any more.
    if (delivery?.effectId !== effectId || delivery.phase !== 'sent') return;
    if (obligation.type === 'CallOut')
      await bus.publishWork(works.CallOut, effectId, await items.callOut(host.tenure, stream, state, delivery));
    else if (delivery.kind === 'step')
      await bus.publishWork(works.Deliver, effectId, items.step(host.tenure, stream, state, delivery));
    else await bus.publishWork(works.Deliver, effectId, await items.callback(host.tenure, stream, state, delivery));
  }

  private async announce(host: PartitionHost, stream: RunStream, state: RunState, effectId: string): Promise<void> {
    const { bus, results } = this.dependencies;
    const { partition } = host.tenure;
    const announcement = announcementOf(state, await results.of(host.tenure, stream, state));
    if (!announcement) return;
    await bus.publishWork(works.Announce, effectId, message({ effectId, partition, announcement }));
    this.remember(effectId, { partition, stream: stream.name, at: host.tenure.nowMs() });
  }

  private remember(effectId: string, said: Said): void {
    this.announced.delete(effectId);
    this.announced.set(effectId, said);
    for (const [oldest, { at }] of this.announced) {
      if (said.at - at <= ANNOUNCEMENT_MEMORY_MS) break;
      this.announced.delete(oldest);
    }
  }
}

/** Asking again won't help. */
function isForGood(error: unknown): boolean {
  return error instanceof BodyMissing || error instanceof IncompleteState || error instanceof UnreadableRun;
}

/** Effect ids are `<stream>:<version>:<k>`; the stream's name may hold colons. */
export function streamOfEffect(effectId: string): string {
  return effectId.split(':').slice(0, -2).join(':');
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known) known.add(value);
  else map.set(key, new Set([value]));
}
