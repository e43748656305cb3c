import { BusConfig, Setting } from '@stepwell/platform';

/** One process needs NATS for the public topics alone, and does without them when there is none. */
export class OptionalBusConfig extends BusConfig {
  @Setting('STEPWELL_NATS_URL', {
    description: 'NATS server or servers for the public topics; without it there are none.',
    as: 'list',
    optional: true,
  })
  declare readonly natsUrls: readonly string[];
}
