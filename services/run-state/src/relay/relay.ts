import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bus, MailboxObligation, Obligation, RunState, RunTold } from '@stepwell/core';
import { timerOf, waitTimerOf } from '@stepwell/core';
import type { Kind, StreamKey } from '../aggregates';
import type { BodyReader } from '../bodies/body.reader';
import type { PartitionHost } from '../partition/partition.host';
import type { MailboxStream, RunStream, Stream } from '../partition/stream';
import { isOfKind } from '../partition/stream';
import type { LogCopier } from './log.copier';
import type { RowWriter } from './row.writer';
import { RunStarter } from './run.starter';
import { TellComposer } from './tell.composer';
import { TellDesk } from './tell.desk';
import { addresseeOfTold, run } from './tells';
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
 * 3. What a mailbox owes is handed on in portions: a notice to a hundred thousand waiters must not keep everything else waiting.
 */
export interface RelayDependencies extends PublisherDependencies {
  readonly bus: Bus;
  readonly rows: RowWriter;
  readonly bodies: BodyReader;
  readonly copier: LogCopier;
}

/** So many effects of a mailbox in one turn. */
const PORTION = 2_000;

export class Relay {
  private readonly timers: TimerDesk;
  private readonly work: WorkPublisher;
  private readonly tells: TellDesk;
  private readonly starter: RunStarter;

  constructor(private readonly dependencies: RelayDependencies) {
    const { bus, bodies, logger, pause } = dependencies;
    this.timers = new TimerDesk(bus, logger, pause);
    this.work = new WorkPublisher(dependencies);
    this.tells = new TellDesk(bus, new TellComposer(bodies, logger), logger, pause);
    this.starter = new RunStarter(dependencies);
  }

  /**
   * Sends these effects of a stream, as far as its state still owes them. Resolves after the first try at each piece of work; what
   * failed is tried again and again. Never rejects.
   */
  send(host: PartitionHost, stream: Stream<Kind>, effectIds: readonly string[]): Promise<void> {
    if (isOfKind(stream, 'run')) return this.sendOfRun(host, stream, effectIds);
    return isOfKind(stream, 'mailbox') ? this.sendOfMailbox(host, stream, effectIds) : Promise.resolve();
  }

  /** Queues a piece of work that the broker may have lost. What comes of it: {@link WorkPublisher.publishSuspected}. */
  queueAgain(
    host: PartitionHost,
    key: StreamKey<'run'>,
    effectId: string,
  ): ReturnType<WorkPublisher['publishSuspected']> {
    return this.work.publishSuspected(host, key, effectId);
  }

  /** A worker's receipts (E1). */
  settle(host: PartitionHost, effectIds: readonly string[]): void {
    for (const effectId of effectIds) host.settle(effectId);
  }

  /** E3: the broker may have forgotten. Everything unsettled again, and the last ten minutes' announcements. Never rejects. */
  async sendEverythingAgain(hosts: Iterable<PartitionHost>): Promise<void> {
    await Promise.all([...hosts].map((host) => this.work.publishEverythingAgain(host)));
  }

  private async sendOfRun(host: PartitionHost, stream: RunStream, effectIds: readonly string[]): Promise<void> {
    const tries: Promise<void>[] = [];
    for (const effectId of effectIds) {
      const obligation = stream.state?.owed.get(effectId);
      if (!stream.state || !obligation) continue;
      const trying = this.sendOneOfRun(host, stream, stream.state, effectId, obligation);
      if (trying) tries.push(trying);
    }
    await Promise.all(tries);
  }

  private sendOneOfRun(
    host: PartitionHost,
    stream: RunStream,
    state: RunState,
    effectId: string,
    obligation: Obligation,
  ): Promise<void> | undefined {
    const { partition } = host.tenure;
    const settle = (): void => {
      host.settle(effectId);
    };
    switch (obligation.type) {
      case 'WriteRow':
        // Not of the state: that may be ahead of what is committed.
        if (stream.row) this.dependencies.rows.write(stream.row, settle);
        return undefined;
      case 'SetTimer': {
        this.timers.set(host.tenure, timerOf(state.runId, obligation, partition), settle);
        return undefined;
      }
      case 'CancelTimer':
        this.timers.cancel(host.tenure, obligation.timerId, settle);
        return undefined;
      case 'TellStream':
        this.tell(host, keyOf(stream), state, effectId, obligation.tell);
        return undefined;
      case 'Deliver':
      case 'CallOut':
      case 'Announce':
        return this.work.publish(host, keyOf(stream), effectId, stream);
    }
  }

  private tell(host: PartitionHost, key: StreamKey<'run'>, state: RunState, effectId: string, told: RunTold): void {
    if (told.kind === 'start-child' || told.kind === 'start-successor') {
      void this.starter.start(host, key, effectId);
      return;
    }
    const addressee = addresseeOfTold(state, told);
    if (addressee) this.tells.tell(host, addressee, { key, effectId });
    else this.dependencies.logger.error({ effectId, tell: told.kind }, 'an effect can not be sent');
  }

  private async sendOfMailbox(host: PartitionHost, stream: MailboxStream, effectIds: readonly string[]): Promise<void> {
    const key = keyOf(stream);
    let { state } = stream;
    for (const [index, effectId] of effectIds.entries()) {
      if (index > 0 && index % PORTION === 0) {
        await nextTurn();
        // It may have been evicted meanwhile, and read anew.
        const again = await host.stream(key).catch(() => undefined);
        if (!again) return;
        ({ state } = again);
      }
      const obligation = state?.owed.get(effectId);
      if (state && obligation) this.sendOneOfMailbox(host, key, state.eventId, effectId, obligation);
    }
  }

  private sendOneOfMailbox(
    host: PartitionHost,
    key: StreamKey<'mailbox'>,
    eventId: string,
    effectId: string,
    obligation: MailboxObligation,
  ): void {
    const settle = (): void => {
      host.settle(effectId);
    };
    switch (obligation.type) {
      case 'TellRun':
        this.tells.tell(host, run(obligation.waiter.runId), { key, effectId });
        break;
      case 'SetTimer': {
        this.timers.set(host.tenure, waitTimerOf(eventId, obligation, host.tenure.partition), settle);
        break;
      }
      case 'CancelTimer':
        this.timers.cancel(host.tenure, obligation.timerId, settle);
        break;
    }
  }
}

/** Of the stream nothing but its name: what waits must not keep it in memory. */
const keyOf = <K extends Kind>({ aggregate, name }: StreamKey<K>): StreamKey<K> => ({ aggregate, name });
