import { settingsOf, StoreConfig } from '@stepwell/platform';
import { OptionalBusConfig } from '../start/optional-bus.config';

/** Where to restore to, and the NATS beside it. */
export class RestoreConfig extends settingsOf(StoreConfig, OptionalBusConfig) {}
