import type { NatsBus } from '@stepwell/messaging';
import { connectNatsBus } from '@stepwell/messaging';
import type { Connected, ServiceDefinition } from '@stepwell/platform';
import { BusConfig, busLink, CommonConfig, natsOptions, settingsOf } from '@stepwell/platform';
import { GatewayConfig } from './gateway.config';
import { GatewayModule } from './gateway.module';
import { gatewayHttp } from './http/gateway.adapter';

export class GatewayServiceConfig extends settingsOf(CommonConfig, BusConfig, GatewayConfig) {}

interface GatewayLink extends Connected {
  readonly bus: NatsBus;
}

/** The gateway as a process of its own: asks over NATS, and serves HTTP. */
export const gatewayService: ServiceDefinition<GatewayServiceConfig, GatewayLink> = {
  name: 'gateway',
  config: GatewayServiceConfig,
  connect: async (config, base) => {
    base.waitingFor('nats');
    const bus = await connectNatsBus(await natsOptions(config, base));
    return busLink(bus);
  },
  module: () => GatewayModule,
  http: gatewayHttp,
};
