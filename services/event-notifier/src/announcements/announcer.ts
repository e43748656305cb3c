import type { AnnounceItem, TopicPublisher } from '@stepwell/core';
import type { ReceiptBatcher } from '../receipts/receipt.batcher';
import type { AnnouncementMetrics } from './announcement.metrics';

/**
 * Tells the world that a run has ended.
 *
 * 1. Published first, told to run-state second, acknowledged third (B2, E1): a crash in between means that it is published again
 *    under the same id, which the public stream drops, and subscribers may.
 * 2. At least once, in no promised order. Nothing here decides what is announced.
 */
export class Announcer {
  constructor(
    private readonly topics: TopicPublisher,
    private readonly receipts: Pick<ReceiptBatcher, 'settled'>,
    private readonly metrics: Pick<AnnouncementMetrics, 'ended'>,
  ) {}

  /** Rejects when it isn't published or run-state doesn't know it yet: the item must be seen again. */
  async announce({ announcement, partition, effectId }: AnnounceItem): Promise<void> {
    const { outcome } = announcement;
    try {
      await this.topics.publish(announcement);
      await this.receipts.settled(partition, effectId);
    } catch (error) {
      this.metrics.ended(outcome, 'given-back');
      throw error;
    }
    this.metrics.ended(outcome, 'told');
  }
}
