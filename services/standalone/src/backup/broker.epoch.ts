import type { NatsInspection } from '@stepwell/messaging';
import { inspectNats } from '@stepwell/messaging';
import { createLogger, natsOptions } from '@stepwell/platform';
import type { RestoreConfig } from './restore.config';

/*
 * NATS beside a restored store: what it holds belongs to a history that is undone, and effects' ids will be used again (E2). So the
 * restored store's epoch is above every one that NATS has seen. The backup's epoch plus one would not do: that is what it would be each
 * time the same backup is restored.
 */

/** How long NATS may take to be there. */
const REACH_MS = 10_000;

export class BrokerEpoch {
  constructor(private readonly config: RestoreConfig) {}

  /** An epoch that is new to the store and to NATS. @throws when NATS can't be reached */
  async above(epoch: number): Promise<number> {
    const newest = await this.within(epoch, (broker) => broker.newestEpoch());
    return Math.max(epoch, newest ?? 0) + 1;
  }

  /**
   * Where there are work streams: makes those of this epoch, which removes all older ones. Before any service starts: those without a
   * store take the newest epoch they find. @throws EpochIsOver when somebody was quicker with a newer one
   */
  async begin(epoch: number): Promise<void> {
    await this.within(epoch, async (broker) => {
      if ((await broker.newestEpoch()) !== undefined) await broker.mendStreams();
    });
  }

  private async within<Result>(epoch: number, work: (broker: NatsInspection) => Promise<Result>): Promise<Result> {
    const logger = createLogger({ logLevel: 'silent', logFormat: 'json' }, 'restore');
    const stopping = AbortSignal.timeout(REACH_MS);
    const broker = await inspectNats({
      ...(await natsOptions(this.config, { name: 'restore', logger, stopping })),
      epoch,
    }).catch((error: unknown) => {
      throw new Error('NATS can not be reached: check STEPWELL_NATS_URL and its credentials', { cause: error });
    });
    try {
      return await work(broker);
    } finally {
      await broker.close();
    }
  }
}
