import type { Bus, RunState } from '@stepwell/core';
import { announcementOf, message, works } from '@stepwell/core';
import type { Logger } from 'pino';
import type { StreamKey } from '../aggregates';
import { RUNS, streamOfEffect } from '../aggregates';
import type { PartitionHost } from '../partition/partition.host';
import type { RunStream } from '../partition/stream';
import { isOver } from '../partition/tenure-end';
import type { ItemBuilder } from './item.builder';
import { isForGood } from './for-good';
import type { ResultText } from './result-text';

/*
 * Queues the work that runs owe: deliveries, calls, announcements (B2, E2, E3).
 *
 * Owns: getting every such effect into the broker, again and again until it is taken. Does not own: when one is settled.
 *
 * 1. A PubAck settles nothing (E1).
 * 2. The first try at a step's delivery is made in the turn of its commit, so items are queued in the order of their commits. Later
 *    tries hold nothing but names: by then the stream may have been evicted and have gone on.
 */
export interface PublisherDependencies {
  readonly bus: Pick<Bus, 'publishWork'>;
  readonly items: ItemBuilder;
  readonly results: ResultText;
  readonly logger: Logger;
  /** Waits, or less when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** E3: how long an announcement is repeated when the broker has lost what it had. */
const ANNOUNCEMENT_MEMORY_MS = 10 * 60 * 1000;
/** So many at most, of the newest: ten minutes of a busy day must not fill the memory. */
const MOST_ANNOUNCED = 200_000;
const RETRY_MS = { first: 50, most: 5_000 };

interface Said {
  readonly partition: number;
  readonly stream: string;
  readonly at: number;
}

export class WorkPublisher {
  /** By effect id, oldest first. */
  private readonly announced = new Map<string, Said>();

  constructor(private readonly dependencies: PublisherDependencies) {}

  /** Resolves after the first try; goes on by itself where that failed. Never rejects. */
  async publish(host: PartitionHost, key: StreamKey<'run'>, effectId: string, stream?: RunStream): Promise<void> {
    if (!(await this.tryToPublish(host, key, effectId, 'warn', stream))) void this.publishLater(host, key, effectId);
  }

  /**
   * For who suspects that the broker has lost it: `queued` = so it was. Undefined when it isn't owed, or is no more by the time it is
   * queued: then a worker has reported it and acknowledged, in this order. @throws what building and queueing throw
   */
  async publishSuspected(
    host: PartitionHost,
    key: StreamKey<'run'>,
    effectId: string,
  ): Promise<'queued' | 'already-queued' | undefined> {
    const outcome = await this.publishOnce(host, await host.stream(key), effectId);
    const { state } = await host.stream(key);
    const obligation = state?.owed.get(effectId);
    if (!obligation || !('messageId' in obligation)) return undefined;
    return state?.deliveries.get(obligation.messageId)?.phase === 'sent' ? outcome : undefined;
  }

  /** E3: everything of the partition that is unsettled, and the last ten minutes' announcements. Never rejects. */
  async publishEverythingAgain(host: PartitionHost): Promise<void> {
    const byStream = new Map<string, Set<string>>();
    for (const effectId of host.settlement.unsettled()) add(byStream, streamOfEffect(effectId), effectId);
    for (const [effectId, { partition, stream }] of this.announced) {
      if (partition === host.tenure.partition) add(byStream, stream, effectId);
    }
    // One stream after the other: a broker that just came back is not to be drowned.
    for (const [name, effectIds] of byStream) {
      if (host.tenure.lost.aborted) return;
      if (!name.startsWith(RUNS.prefix)) continue;
      const key = { aggregate: RUNS, name };
      await Promise.all([...effectIds].map((effectId) => this.publish(host, key, effectId)));
    }
  }

  private async publishLater(host: PartitionHost, key: StreamKey<'run'>, effectId: string): Promise<void> {
    const { lost } = host.tenure;
    for (let delayMs = RETRY_MS.first; !lost.aborted; delayMs = Math.min(RETRY_MS.most, delayMs * 2)) {
      await this.dependencies.pause(delayMs, lost);
      if (await this.tryToPublish(host, key, effectId, 'debug')) return;
    }
  }

  /** False = to be tried again. Never rejects. */
  private async tryToPublish(
    host: PartitionHost,
    key: StreamKey<'run'>,
    effectId: string,
    level: 'warn' | 'debug',
    stream?: RunStream,
  ): Promise<boolean> {
    const { logger } = this.dependencies;
    if (host.tenure.lost.aborted) return true;
    try {
      await this.publishOnce(host, stream ?? (await host.stream(key)), effectId);
      return true;
    } catch (error) {
      if (isOver(host.tenure.lost)) return true;
      if (isForGood(error)) {
        logger.error({ err: error, effectId }, 'an effect can not be sent');
        return true;
      }
      logger[level]({ err: error, effectId }, 'could not queue work, trying again');
      return false;
    }
  }

  private async publishOnce(
    host: PartitionHost,
    stream: RunStream,
    effectId: string,
  ): Promise<'queued' | 'already-queued' | undefined> {
    const { bus, items } = this.dependencies;
    const { state } = stream;
    const obligation = state?.owed.get(effectId);
    if (!state || !obligation) return undefined;
    if (obligation.type === 'Announce') {
      await this.announce(host, stream, state, effectId);
      return undefined;
    }
    if (obligation.type !== 'Deliver' && obligation.type !== 'CallOut') return undefined;
    const delivery = state.deliveries.get(obligation.messageId);
    // Succeeded, and only not written yet (L7): it isn't wanted any more.
    if (delivery?.effectId !== effectId || delivery.phase !== 'sent') return undefined;
    if (obligation.type === 'CallOut')
      return bus.publishWork(works.CallOut, effectId, await items.callOut(host.tenure, stream, state, delivery));
    if (delivery.kind === 'step')
      return bus.publishWork(works.Deliver, effectId, items.step(host.tenure, stream, state, delivery));
    return bus.publishWork(works.Deliver, effectId, await items.callback(host.tenure, stream, state, delivery));
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
      if (said.at - at <= ANNOUNCEMENT_MEMORY_MS && this.announced.size <= MOST_ANNOUNCED) break;
      this.announced.delete(oldest);
    }
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known) known.add(value);
  else map.set(key, new Set([value]));
}
