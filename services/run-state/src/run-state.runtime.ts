import type { Clock } from '@stepwell/core';
import type { BusDriver } from '@stepwell/messaging';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { Auditor } from './audit/auditor';
import { RunAudit } from './audit/run.audit';
import { BodyReader } from './bodies/body.reader';
import { logMailboxEvents, logRunEvents } from './event.logger';
import { Admission } from './overload/admission';
import { DeliveryDelays } from './overload/delivery-delays';
import { PartitionHost } from './partition/partition.host';
import { PartitionRegistry } from './partition/partition.registry';
import { Recovery } from './partition/recovery';
import { ItemBuilder } from './relay/item.builder';
import { LogCopier } from './relay/log.copier';
import { ReasonRows } from './relay/reason.rows';
import { Relay } from './relay/relay';
import { ResultText } from './relay/result-text';
import { RowWriter } from './relay/row.writer';
import type { RunStateSettings } from './run-state.config';
import type { RunStateMetrics } from './run-state.metrics';
import type { RunStateStore } from './store';

/** The service's parts, put together once; controllers hold no state of their own. */
export class RunStateRuntime {
  readonly registry: PartitionRegistry;
  readonly relay: Relay;
  readonly rowWriter: RowWriter;
  readonly bodies: BodyReader;
  readonly audit: RunAudit;
  readonly auditor: Auditor;
  readonly delays: DeliveryDelays;
  readonly admission: Admission;
  private readonly reasons: ReasonRows;
  private readonly unsubscribe: () => void;

  constructor(
    readonly store: RunStateStore,
    readonly bus: BusDriver,
    readonly clock: Clock,
    readonly logger: Logger,
    config: RunStateSettings,
    metrics: RunStateMetrics,
    newSeed: () => string = uuidv7,
  ) {
    this.bodies = new BodyReader(store.log, store.blobs);
    const pause = (ms: number, signal?: AbortSignal): Promise<void> => paused(clock, ms, signal);
    this.rowWriter = new RowWriter(store.rows, logger, pause);
    this.reasons = new ReasonRows(this.rowWriter, clock);
    this.relay = new Relay({
      bus,
      items: new ItemBuilder(this.bodies, config),
      rows: this.rowWriter,
      bodies: this.bodies,
      copier: new LogCopier(bus, store.blobs),
      results: new ResultText(this.bodies),
      logger,
      pause,
    });
    const recovery = new Recovery(store, this.relay, this.rowWriter, logger, () => bus.isConnected());
    this.registry = new PartitionRegistry({
      store,
      server: bus,
      clock,
      logger,
      openHost: (tenure) =>
        new PartitionHost(tenure, {
          log: store.log,
          blobs: store.blobs,
          membership: store.membership,
          logger,
          newSeed,
          onCommitted: {
            run: (host, { stream, events, owed }) => {
              void this.relay.send(host, stream, owed);
              this.reasons.note(host, stream);
              metrics.countRun(stream, events);
              logRunEvents(logger, stream, events);
            },
            mailbox: (host, { stream, events, owed }) => {
              void this.relay.send(host, stream, owed);
              metrics.countMailbox(events);
              logMailboxEvents(logger, stream, events);
            },
          },
          maxCachedStreams: Math.max(1, Math.ceil(config.cachedRuns / 64)),
        }),
      recover: (host) => recovery.run(host),
    });
    this.delays = new DeliveryDelays(clock, config.maxDeliveryWaitMs);
    this.admission = new Admission(this.registry, this.delays, config.maxUnsettled);
    this.audit = new RunAudit({
      bus,
      relay: this.relay,
      rows: this.rowWriter,
      logger,
      graceMs: config.auditGraceMs,
      onFault: (fault, waitingFor) => {
        metrics.countFault(fault, waitingFor);
      },
    });
    this.auditor = new Auditor({
      rows: store.rows,
      registry: this.registry,
      membership: store.membership,
      audit: this.audit,
      logger,
      pause,
      onAudited: () => {
        metrics.countAudited();
      },
      pace: { everyMs: config.auditEveryMs, runsPerSecond: config.auditRate },
    });
    metrics.watch(this.registry, store.membership);
    this.unsubscribe = bus.onWorkForgotten(() => {
      logger.warn('the broker may have forgotten work: sending everything unsettled again');
      void this.relay.sendEverythingAgain(this.registry.hosts());
    });
  }

  async start(): Promise<void> {
    await this.registry.start();
    this.auditor.start();
  }

  /** Rows first, as far as there is time: what isn't written stays owed, and whoever takes over writes it. */
  async stop(grace: AbortSignal): Promise<void> {
    this.unsubscribe();
    await Promise.race([this.auditor.stop(), aborted(grace)]);
    await Promise.race([this.reasons.flush().then(() => this.rowWriter.flush()), aborted(grace)]);
    await this.registry.stop();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

function paused(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
    if (signal?.aborted) done();
  });
}
