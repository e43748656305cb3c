import type { Store } from '@stepwell/event-store';
import { connectMongoStore } from '@stepwell/event-store';
import type { NatsBus } from '@stepwell/messaging';
import { connectNatsBus, MessagingServer } from '@stepwell/messaging';
import type { Connected, MemberConfig, ServiceDefinition } from '@stepwell/platform';
import { memberIdentity, natsOptions, SystemClock } from '@stepwell/platform';
import { RunStateConfig } from './run-state.config';
import { RunStateModule } from './run-state.module';
import type { RunStateStore } from './store';

interface RunStateLink extends Connected {
  readonly bus: NatsBus;
  readonly store: RunStateStore;
}

/** run-state as a process of its own: its log in MongoDB, asks and work over NATS. */
export const runStateService: ServiceDefinition<RunStateConfig, RunStateLink> = {
  name: 'run-state',
  config: RunStateConfig,
  connect: async (config, base) => {
    const { logger } = base;
    const clock = new SystemClock();
    const store = connectMongoStore({ uri: config.mongodbUri, dbName: config.mongodbDatabase, clock, logger });
    base.waitingFor('mongodb');
    await store.prepare(base.stopping);
    base.waitingFor('nats');
    const runs = runStateStore(store, config);
    const bus = await connectNatsBus({
      ...(await natsOptions(config, base)),
      epoch: store.epoch,
      member: runs.membership.memberId,
    });
    return { bus, store: runs, clock: store.clock, close: () => closeBoth(bus, store) };
  },
  module: (_config, { store }) => RunStateModule.forRoot(store),
  microservice: ({ bus }) => new MessagingServer({ bus, serves: ['run-state'] }),
};

/** What run-state needs of a store, as the member of this name: a given one supersedes its former self (L2). */
export function runStateStore(store: Store, config: MemberConfig): RunStateStore {
  const membership = store.membership('run-state', memberIdentity(config));
  return { log: store.log, blobs: store.blobs, rows: store.rows, membership };
}

/** The bus first: what is asked of us meanwhile would need the store. */
async function closeBoth(bus: NatsBus, store: Store): Promise<void> {
  await bus.close();
  await store.close();
}
