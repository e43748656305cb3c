import type { AskServer, Clock, Membership, Tenure } from '@stepwell/core';
import { PartitionLost, Silence } from '@stepwell/core';
import type { Logger } from 'pino';
import type { RunStateStore } from '../store';
import type { PartitionHost } from './partition.host';

/*
 * Which partitions this process owns (L2): follows the membership, claims what it ought to own, gives up what it lost or ought not.
 *
 * 1. Asks are served only for partitions with a committed claim; who isn't the owner keeps silent.
 * 2. A tenure that ended unasked (fenced, unknown outcome) is claimed anew if the partition is still ours, and only then.
 * 3. A partition that others ought to own is handed over: asks unserved, last insert awaited, checkpoint written, freed.
 */
export interface RegistryDependencies {
  readonly store: RunStateStore;
  readonly server: AskServer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openHost: (tenure: Tenure) => PartitionHost;
  readonly recover: (host: PartitionHost) => Promise<void>;
}

const CHECKPOINT_EVERY_MS = 1_000;
const RETRY_MS = 500;

interface Holding {
  readonly stopClaiming: AbortController;
  host?: PartitionHost;
  recovered: Promise<void>;
  /** False while recovery runs: until then the checkpoint stays where the predecessor left it. */
  isRecovered: boolean;
  written: string;
}

export class PartitionRegistry {
  private readonly holdings = new Map<number, Holding>();
  private cancelTick: (() => void) | undefined;
  private unsubscribe: (() => void) | undefined;
  private stopped = false;
  private serving: Promise<void> = Promise.resolve();

  constructor(private readonly dependencies: RegistryDependencies) {}

  private get membership(): Membership {
    return this.dependencies.store.membership;
  }

  async start(): Promise<void> {
    this.unsubscribe = this.membership.onChange(() => {
      this.follow();
    });
    await this.membership.start();
    this.follow();
    this.tick();
  }

  /** Hands everything over, then leaves the membership: the others needn't wait for a lease. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.unsubscribe?.();
    this.cancelTick?.();
    await Promise.all([...this.holdings].map(([partition, holding]) => this.handOver(partition, holding)));
    await this.membership.stop();
  }

  /** @throws Silence when the partition isn't held here. */
  host(partition: number): PartitionHost {
    const host = this.holdings.get(partition)?.host;
    if (!host) throw new Silence(`partition ${partition} is not held`);
    return host;
  }

  hosts(): PartitionHost[] {
    return [...this.holdings.values()].flatMap(({ host }) => (host ? [host] : []));
  }

  /** True when all that this member ought to own is claimed. */
  isComplete(): boolean {
    const assigned = this.membership.assigned();
    return assigned.size === 0 || [...assigned].every((partition) => this.holdings.get(partition)?.host);
  }

  /** Resolves when the rows and effects of everything held are what the log says. */
  async allRecovered(): Promise<void> {
    await Promise.all([...this.holdings.values()].map(({ recovered }) => recovered));
  }

  private follow(): void {
    if (this.stopped) return;
    const assigned = this.membership.assigned();
    for (const [partition, holding] of this.holdings) {
      if (!assigned.has(partition)) void this.handOver(partition, holding);
    }
    for (const partition of assigned) {
      if (!this.holdings.has(partition)) this.take(partition);
    }
  }

  private take(partition: number): void {
    const holding: Holding = {
      stopClaiming: new AbortController(),
      recovered: Promise.resolve(),
      isRecovered: false,
      written: '',
    };
    this.holdings.set(partition, holding);
    holding.recovered = this.claimAndRecover(partition, holding);
  }

  private async claimAndRecover(partition: number, holding: Holding): Promise<void> {
    const { store, logger, openHost, recover, clock } = this.dependencies;
    const { signal } = holding.stopClaiming;
    try {
      const tenure = await store.log.claim(partition, signal);
      if (signal.aborted) {
        await tenure.release();
        return;
      }
      const host = openHost(tenure);
      holding.host = host;
      tenure.lost.addEventListener('abort', () => {
        this.lost(partition, holding);
      });
      this.serve();
      logger.debug({ partition, term: tenure.term }, 'claimed a partition');
      while (!holding.isRecovered && !tenure.lost.aborted) {
        try {
          await recover(host);
          holding.isRecovered = true;
        } catch (error) {
          if (error instanceof PartitionLost || error instanceof Silence) return;
          logger.error({ err: error, partition }, 'recovery failed, trying again');
          await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ err: error, partition }, 'could not claim a partition, trying again');
      this.holdings.delete(partition);
      clock.after(RETRY_MS, () => {
        this.follow();
      });
    }
  }

  private lost(partition: number, holding: Holding): void {
    if (this.holdings.get(partition) !== holding) return;
    this.holdings.delete(partition);
    this.dependencies.logger.warn({ partition }, 'lost a partition');
    this.serve();
    this.follow();
  }

  private async handOver(partition: number, holding: Holding): Promise<void> {
    this.holdings.delete(partition);
    holding.stopClaiming.abort();
    this.serve();
    const { host } = holding;
    if (!host) return;
    try {
      host.writeSuccesses();
      await this.writeCheckpoint(holding);
      await host.tenure.release();
    } catch (error) {
      this.dependencies.logger.warn({ err: error, partition }, 'handed a partition over in disorder');
    }
  }

  /** Tells the bus, one call after the other: the last set wins. */
  private serve(): void {
    this.serving = this.serving
      .then(() => {
        const held = [...this.holdings].flatMap(([partition, { host }]) => (host ? [partition] : []));
        return this.dependencies.server.serve('run-state', new Set(held));
      })
      .catch((error: unknown) => {
        this.dependencies.logger.warn({ err: error }, 'could not tell the bus what is served here');
      });
  }

  private tick(): void {
    this.cancelTick = this.dependencies.clock.after(CHECKPOINT_EVERY_MS, () => {
      void this.writeCheckpoints().finally(() => {
        if (!this.stopped) this.tick();
      });
    });
  }

  private async writeCheckpoints(): Promise<void> {
    for (const holding of this.holdings.values()) {
      try {
        holding.host?.writeSuccesses();
        await this.writeCheckpoint(holding);
      } catch (error) {
        this.dependencies.logger.debug({ err: error }, 'could not write a checkpoint');
      }
    }
  }

  private async writeCheckpoint(holding: Holding): Promise<void> {
    const { host } = holding;
    if (!host || !holding.isRecovered || host.tenure.lost.aborted) return;
    const checkpoint = host.settlement.checkpoint();
    const text = `${checkpoint.n}:${checkpoint.holes.join(',')}`;
    if (text === holding.written) return;
    await this.dependencies.store.log.writeCheckpoint(host.tenure, checkpoint);
    holding.written = text;
  }
}
