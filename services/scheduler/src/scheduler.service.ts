import type { Store } from '@stepwell/event-store';
import { connectMongoStore } from '@stepwell/event-store';
import type { NatsBus } from '@stepwell/messaging';
import { connectNatsBus, MessagingServer } from '@stepwell/messaging';
import type { Connected, MemberConfig, ServiceDefinition } from '@stepwell/platform';
import { memberIdentity, natsOptions, SystemClock } from '@stepwell/platform';
import { SchedulerConfig } from './scheduler.config';
import type { SchedulerStore } from './scheduler.module';
import { SchedulerModule } from './scheduler.module';

interface SchedulerLink extends Connected {
  readonly bus: NatsBus;
  readonly timers: SchedulerStore;
}

/** The scheduler as a process of its own: timers in MongoDB, asks over NATS. */
export const schedulerService: ServiceDefinition<SchedulerConfig, SchedulerLink> = {
  name: 'scheduler',
  config: SchedulerConfig,
  connect: async (config, base) => {
    const { logger } = base;
    const clock = new SystemClock();
    const store = connectMongoStore({ uri: config.mongodbUri, dbName: config.mongodbDatabase, clock, logger });
    base.health.addReadiness('mongodb', () => store.isConnected() || 'no connection to MongoDB');
    base.waitingFor('mongodb');
    await store.prepare(base.stopping);
    base.waitingFor('nats');
    const timers = schedulerStore(store, config);
    const bus = await connectNatsBus({
      ...(await natsOptions(config, base)),
      epoch: store.epoch,
      member: timers.membership.memberId,
    });
    return {
      bus,
      timers,
      clock: store.clock,
      close: async () => {
        await bus.close();
        await store.close();
      },
    };
  },
  module: (_config, { timers }) => SchedulerModule.forRoot(timers),
  microservice: ({ bus }) => new MessagingServer({ bus, serves: ['scheduler'] }),
};

/** What the scheduler needs of a store, as the member of this name: a given one supersedes its former self (L2). */
export function schedulerStore(store: Store, config: MemberConfig): SchedulerStore {
  const membership = store.membership('scheduler', memberIdentity(config));
  return { timers: store.timers, membership };
}
