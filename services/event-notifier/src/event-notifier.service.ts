import type { NatsBus } from '@stepwell/messaging';
import { connectNatsBus, MessagingServer } from '@stepwell/messaging';
import type { Connected, ServiceDefinition } from '@stepwell/platform';
import { BusConfig, busLink, CommonConfig, natsOptions, settingsOf } from '@stepwell/platform';
import { EventNotifierModule } from './event-notifier.module';

/** No setting of its own. */
export class EventNotifierConfig extends settingsOf(CommonConfig, BusConfig) {}

interface EventNotifierLink extends Connected {
  readonly bus: NatsBus;
}

/** The event-notifier as a process of its own: work and receipts over NATS, and the public topics on it. */
export const eventNotifierService: ServiceDefinition<EventNotifierConfig, EventNotifierLink> = {
  name: 'event-notifier',
  config: EventNotifierConfig,
  connect: async (config, base) => {
    base.waitingFor('nats');
    const bus = await connectNatsBus(await natsOptions(config, base));
    return busLink(bus);
  },
  module: (_config, { bus }) => EventNotifierModule.forRoot(bus.topics),
  microservice: ({ bus }) => new MessagingServer({ bus, serves: ['event-notifier'] }),
};
