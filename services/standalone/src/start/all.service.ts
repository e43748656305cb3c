import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { TopicPublisher } from '@stepwell/core';
import type { Store } from '@stepwell/event-store';
import { connectMongoStore } from '@stepwell/event-store';
import { EventNotifierModule, noTopics } from '@stepwell/event-notifier';
import { GatewayConfig, gatewayHttp, GatewayModule } from '@stepwell/gateway';
import { HttpCallerConfig, HttpCallerModule, intakeOf } from '@stepwell/http-caller';
import type { OwnTopicPublisher } from '@stepwell/messaging';
import { createNatsTopicPublisher, MemoryBus, MessagingServer } from '@stepwell/messaging';
import type { Connected, ServiceBase, ServiceDefinition } from '@stepwell/platform';
import { CommonConfig, MemberConfig, natsOptions, settingsOf, StoreConfig, SystemClock } from '@stepwell/platform';
import { RunStateModule, RunStateSettings, runStateStore } from '@stepwell/run-state';
import { SchedulerModule, SchedulerSettings, schedulerStore } from '@stepwell/scheduler';
import { OptionalBusConfig } from './optional-bus.config';

class AllConfig extends settingsOf(
  CommonConfig,
  StoreConfig,
  MemberConfig,
  GatewayConfig,
  RunStateSettings,
  SchedulerSettings,
  HttpCallerConfig,
  OptionalBusConfig,
) {}

interface AllLink extends Connected {
  readonly bus: MemoryBus;
  readonly store: Store;
  readonly topics: TopicPublisher;
}

@Module({})
class AllModule {}

/** All five services in one process: the same modules, over the bus in memory. */
export const allService: ServiceDefinition<AllConfig, AllLink> = {
  name: 'stepwell',
  config: AllConfig,
  connect: async (config, base) => {
    const { logger, stopping } = base;
    const clock = new SystemClock();
    const store = connectMongoStore({ uri: config.mongodbUri, dbName: config.mongodbDatabase, clock, logger });
    base.waitingFor('mongodb');
    await store.prepare(stopping);
    const topics = await topicsOf(config, base);
    const bus = new MemoryBus({ log: logger });
    // E3: what the broker of the topics has lost is announced again.
    topics?.onTopicsForgotten(() => {
      bus.forgotten();
    });
    return {
      bus,
      store,
      clock: store.clock,
      topics: topics ?? noTopics,
      close: async () => {
        await bus.close();
        await topics?.close();
        await store.close();
      },
    };
  },
  module: (config, { store, topics }): DynamicModule => ({
    module: AllModule,
    imports: [
      GatewayModule,
      RunStateModule.forRoot(runStateStore(store, config)),
      SchedulerModule.forRoot(schedulerStore(store, config)),
      HttpCallerModule,
      EventNotifierModule.forRoot(topics),
    ],
  }),
  microservice: ({ bus }, { config }) =>
    new MessagingServer({
      bus,
      serves: ['run-state', 'scheduler', 'http-caller', 'event-notifier'],
      intake: intakeOf(config),
    }),
  http: gatewayHttp,
};

async function topicsOf(config: AllConfig, base: ServiceBase<AllConfig>): Promise<OwnTopicPublisher | undefined> {
  if (config.natsUrls.length === 0) return undefined;
  base.waitingFor('nats');
  return createNatsTopicPublisher(await natsOptions(config, base));
}
