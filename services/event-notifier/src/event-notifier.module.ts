import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { Bus, Clock, TopicPublisher } from '@stepwell/core';
import { BUS, CLOCK, METRICS } from '@stepwell/platform';
import type { Registry } from 'prom-client';
import { AnnouncementMetrics } from './announcements/announcement.metrics';
import { AnnouncementsController } from './announcements/announcements.controller';
import { Announcer } from './announcements/announcer';
import { ReceiptBatcher } from './receipts/receipt.batcher';

const TOPICS = Symbol('TopicPublisher');
const RECEIPTS = { gatherMs: 3, effectsPerAsk: 256 };

/** The service that tells. Where to is given to it: the public stream, or nowhere (`noTopics`). */
@Module({
  controllers: [AnnouncementsController],
  providers: [
    {
      provide: Announcer,
      inject: [TOPICS, BUS, CLOCK, METRICS],
      useFactory: (topics: TopicPublisher, bus: Bus, clock: Clock, registry: Registry) =>
        new Announcer(topics, new ReceiptBatcher(bus, clock, RECEIPTS), new AnnouncementMetrics(registry)),
    },
  ],
})
export class EventNotifierModule {
  static forRoot(topics: TopicPublisher): DynamicModule {
    return { module: EventNotifierModule, providers: [{ provide: TOPICS, useValue: topics }] };
  }
}
