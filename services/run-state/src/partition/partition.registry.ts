import type { AskServer, Clock, Membership, Tenure } from '@stepwell/core';
import { PartitionLost, Silence } from '@stepwell/core';
import { NewerSchema } from '@stepwell/event-store';
import type { Logger } from 'pino';
import type { RunStateStore } from '../store';
import type { PartitionHost } from './partition.host';
import { isOver } from './tenure-end';

/*
 * Which partitions this process owns (L2): follows the membership, claims what it ought to own, gives up what it lost or ought not.
 *
 * 1. Asks are served only for partitions with a committed claim; who isn't the owner keeps silent.
 * 2. A tenure that ended unasked (fenced, unknown outcome) is claimed anew if the partition is still ours, and only then.
 * 3. A partition that others ought to own is handed over: asks unserved, last insert awaited, checkpoint written, freed. Freed it is
 *    in any case: what isn't freed, nobody may take.
 * 4. The checkpoint stays where the predecessor left it until recovery is through.
 */
export interface RegistryDependencies {
  readonly store: Pick<RunStateStore, 'membership' | 'log'>;
  readonly server: AskServer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openHost: (tenure: Tenure) => PartitionHost;
  readonly recover: (host: PartitionHost) => Promise<void>;
}

const CHECKPOINT_EVERY_MS = 1_000;
const RETRY_MS = 500;
/** Somebody has to upgrade this process first. */
const RETRY_NEWER_MS = 30_000;

interface Holding {
  readonly stopClaiming: AbortController;
  host?: PartitionHost;
  recovered: Promise<void>;
  /** Rule 4. */
  isRecovered: boolean;
  /** The checkpoint written last. */
  written: string;
}

export class PartitionRegistry {
  private readonly holdings = new Map<number, Holding>();
  private readonly handingOver = new Set<Promise<void>>();
  private cancelTick: () => void = () => undefined;
  private unsubscribe: () => void = () => undefined;
  private stopped = false;
  private serving: Promise<void> = Promise.resolve();
  private isToServe = false;

  constructor(private readonly dependencies: RegistryDependencies) {}

  private get membership(): Membership {
    return this.dependencies.store.membership;
  }

  async start(): Promise<void> {
    this.unsubscribe = this.membership.onChange(() => {
      this.follow();
    });
    this.tick();
    await this.membership.start();
    this.follow();
  }

  /** Hands everything over, then leaves the membership: the others needn't wait for a lease. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.unsubscribe();
    this.cancelTick();
    for (const [partition, holding] of [...this.holdings]) this.giveUp(partition, holding);
    await Promise.all(this.handingOver);
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

  /** True when this process is a member and all that it ought to own now is claimed. Alone it ought to own everything. */
  isComplete(): boolean {
    const members = this.membership.members();
    if (!members.includes(this.membership.memberId)) return false;
    const assigned = [...this.membership.assigned()];
    if (assigned.length === 0) return members.length > 1;
    return assigned.every((partition) => this.holdings.get(partition)?.host !== undefined);
  }

  /** Resolves when the rows and effects of everything held are what the log says: with the partitions of which that is so. */
  async allRecovered(): Promise<number[]> {
    await Promise.all([...this.holdings.values()].map(({ recovered }) => recovered));
    return [...this.holdings].flatMap(([partition, { isRecovered }]) => (isRecovered ? [partition] : []));
  }

  private follow(): void {
    if (this.stopped) return;
    const assigned = this.membership.assigned();
    for (const [partition, holding] of [...this.holdings]) {
      if (!assigned.has(partition)) this.giveUp(partition, holding);
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
    const { store, logger, clock } = this.dependencies;
    const { signal } = holding.stopClaiming;
    try {
      const tenure = await store.log.claim(partition, signal);
      if (signal.aborted) {
        await tenure.release();
        return;
      }
      const host = this.hold(partition, holding, tenure);
      if (host) await this.recover(partition, holding, host);
    } catch (error) {
      if (signal.aborted || this.holdings.get(partition) !== holding) return;
      logger.error({ err: error, partition }, 'could not claim a partition, trying again');
      await this.pause(error instanceof NewerSchema ? RETRY_NEWER_MS : RETRY_MS, signal);
      if (this.holdings.get(partition) !== holding) return;
      this.holdings.delete(partition);
      // A turn of its own: who waits for this recovery isn't to wait for the next one within it.
      clock.after(0, () => {
        this.follow();
      });
    }
  }

  /** Undefined when the tenure was over before it could be held. */
  private hold(partition: number, holding: Holding, tenure: Tenure): PartitionHost | undefined {
    const lost = (): void => {
      this.lost(partition, holding);
    };
    if (tenure.lost.aborted) {
      lost();
      return undefined;
    }
    tenure.lost.addEventListener('abort', lost);
    const host = this.dependencies.openHost(tenure);
    holding.host = host;
    this.serve();
    this.dependencies.logger.debug({ partition, term: tenure.term }, 'claimed a partition');
    return host;
  }

  private async recover(partition: number, holding: Holding, host: PartitionHost): Promise<void> {
    const { lost } = host.tenure;
    while (!lost.aborted) {
      try {
        await this.dependencies.recover(host);
        holding.isRecovered = !lost.aborted;
        return;
      } catch (error) {
        if (isOver(lost) || error instanceof PartitionLost) return;
        this.dependencies.logger.error({ err: error, partition }, 'recovery failed, trying again');
        await this.pause(RETRY_MS, lost);
      }
    }
  }

  private lost(partition: number, holding: Holding): void {
    if (this.holdings.get(partition) !== holding) return;
    this.holdings.delete(partition);
    this.dependencies.logger.warn({ partition }, 'lost a partition');
    this.serve();
    this.follow();
  }

  private giveUp(partition: number, holding: Holding): void {
    this.holdings.delete(partition);
    holding.stopClaiming.abort();
    this.serve();
    const handingOver = this.handOver(partition, holding).finally(() => this.handingOver.delete(handingOver));
    this.handingOver.add(handingOver);
  }

  private async handOver(partition: number, holding: Holding): Promise<void> {
    const { host } = holding;
    if (!host) return;
    try {
      host.writeDone();
      await host.committed();
      await this.writeCheckpoint(holding);
    } catch (error) {
      this.dependencies.logger.warn({ err: error, partition }, 'handed a partition over without its checkpoint');
    }
    await host.tenure.release();
  }

  /** Tells the bus, one call after the other: each says what is held when it is made, so one that waits is enough. */
  private serve(): void {
    if (this.isToServe) return;
    this.isToServe = true;
    this.serving = this.serving
      .then(() => {
        this.isToServe = false;
        const held = [...this.holdings].flatMap(([partition, { host }]) => (host ? [partition] : []));
        return this.dependencies.server.serve('run-state', new Set(held));
      })
      .catch((error: unknown) => {
        this.dependencies.logger.warn({ err: error }, 'could not tell the bus what is served here, trying again');
        this.dependencies.clock.after(RETRY_MS, () => {
          this.serve();
        });
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
    const holdings = [...this.holdings.values()];
    for (const { host } of holdings) host?.writeDone();
    const written = await Promise.allSettled(holdings.map((holding) => this.writeCheckpoint(holding)));
    const failed = written.find((each) => each.status === 'rejected');
    if (failed) this.dependencies.logger.debug({ err: failed.reason as unknown }, 'could not write a checkpoint');
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

  private pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.dependencies.clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}
