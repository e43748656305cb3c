import type { Bus, Clock, TopicPublisher } from '@stepwell/core';
import { Announcer } from '../announcements/announcer';
import { ReceiptBatcher } from '../receipts/receipt.batcher';

const RECEIPTS = { gatherMs: 3, effectsPerAsk: 256 };

/** The service as its module composes it, without a Nest application around it. */
export function assembleAnnouncer(topics: TopicPublisher, bus: Bus, clock: Clock): Announcer {
  return new Announcer(topics, new ReceiptBatcher(bus, clock, RECEIPTS), { ended: () => undefined });
}
