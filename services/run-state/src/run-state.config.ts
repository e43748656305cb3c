import { BusConfig, CommonConfig, Setting, settingsOf, StoreConfig } from '@stepwell/platform';
import { Min } from 'class-validator';

/** Settings of the run-state service alone. */
export class RunStateSettings {
  @Setting('STEPWELL_DELIVERY_TIMEOUT', {
    description: 'How long an endpoint may take to answer one delivery.',
    as: 'duration',
    default: '15m',
  })
  readonly deliveryTimeoutMs!: number;

  @Setting('STEPWELL_CALL_TIMEOUT', {
    description: 'How long a third party may take to answer a context.call that names no timeout of its own.',
    as: 'duration',
    default: '2h',
  })
  readonly callTimeoutMs!: number;

  @Setting('STEPWELL_RUN_STATE_CACHED_RUNS', {
    description: 'How many folded runs one process keeps in memory.',
    as: 'number',
    default: '20000',
  })
  @Min(64)
  readonly cachedRuns!: number;

  @Setting('STEPWELL_MEMBER_NAME', {
    description:
      'Name of this process among its kind, when something guarantees that there is never a second one of that name (a StatefulSet’s pod): a restart then takes over from its former self at once.',
    optional: true,
  })
  readonly memberName?: string;
}

export class RunStateConfig extends settingsOf(CommonConfig, BusConfig, StoreConfig, RunStateSettings) {}
