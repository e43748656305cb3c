import type { NatsBus } from '@stepwell/messaging';
import { MessagingServer, connectNatsBus } from '@stepwell/messaging';
import type { Connected, ServiceDefinition } from '@stepwell/platform';
import { BusConfig, busLink, CommonConfig, natsOptions, settingsOf } from '@stepwell/platform';
import { HttpCallerConfig } from './http-caller.config';
import { HttpCallerModule } from './http-caller.module';
import { intakeOf } from './http-caller.parts';

export class HttpCallerServiceConfig extends settingsOf(CommonConfig, BusConfig, HttpCallerConfig) {}

interface HttpCallerLink extends Connected {
  readonly bus: NatsBus;
  readonly config: HttpCallerServiceConfig;
}

/** The http-caller as a process of its own: work and asks over NATS. */
export const httpCallerService: ServiceDefinition<HttpCallerServiceConfig, HttpCallerLink> = {
  name: 'http-caller',
  config: HttpCallerServiceConfig,
  connect: async (config, base) => {
    base.waitingFor('nats');
    const bus = await connectNatsBus(await natsOptions(config, base));
    return { ...busLink(bus), config };
  },
  module: () => HttpCallerModule,
  microservice: ({ bus, config }) => new MessagingServer({ bus, serves: ['http-caller'], intake: intakeOf(config) }),
};
