import { settingsOf, StoreConfig } from '@stepwell/platform';
import { OptionalBusConfig } from '../start/optional-bus.config';

/** What services are configured by, as far as doctor needs it. */
export class DoctorConfig extends settingsOf(StoreConfig, OptionalBusConfig) {}
