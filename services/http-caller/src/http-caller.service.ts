import { readFile } from 'node:fs/promises';
import type { NatsBus } from '@stepwell/messaging';
import { MessagingServer, connectNatsBus } from '@stepwell/messaging';
import type { Connected, ServiceBase, ServiceDefinition } from '@stepwell/platform';
import { BusConfig, CommonConfig, settingsOf } from '@stepwell/platform';
import { HttpCallerConfig } from './http-caller.config';
import { HttpCallerModule } from './http-caller.module';
import { intakeOf } from './http-caller.parts';

export class HttpCallerServiceConfig extends settingsOf(CommonConfig, BusConfig, HttpCallerConfig) {}

interface HttpCallerLink extends Connected {
  readonly bus: NatsBus;
  readonly config: HttpCallerServiceConfig;
}

/** Names the work streams (E2). A restore raises it; as long as there is none, it is the first. */
const FIRST_EPOCH = 1;

/** The http-caller as a process of its own: work and asks over NATS. */
export const httpCallerService: ServiceDefinition<HttpCallerServiceConfig, HttpCallerLink> = {
  name: 'http-caller',
  config: HttpCallerServiceConfig,
  connect: async (config, base) => {
    base.waitingFor('nats');
    const bus = await connectNatsBus(await natsOptions(config, base));
    return { bus, config, close: () => bus.close() };
  },
  module: () => HttpCallerModule,
  microservice: ({ bus, config }) => new MessagingServer({ bus, serves: ['http-caller'], intake: intakeOf(config) }),
};

async function natsOptions(config: BusConfig, base: ServiceBase<object>) {
  const { natsUrls, natsUser, natsPassword, natsToken, natsCredsFile, natsReplicas } = config;
  return {
    url: natsUrls,
    name: base.name,
    log: base.logger,
    signal: base.stopping,
    epoch: FIRST_EPOCH,
    replicas: natsReplicas,
    ...(natsUser === undefined ? {} : { user: natsUser }),
    ...(natsPassword === undefined ? {} : { pass: natsPassword }),
    ...(natsToken === undefined ? {} : { token: natsToken }),
    ...(natsCredsFile === undefined ? {} : { creds: await readFile(natsCredsFile, 'utf8') }),
  };
}
