import { BusConfig, CommonConfig, MemberConfig, Setting, settingsOf, StoreConfig } from '@stepwell/platform';
import { Max, Min } from 'class-validator';

/** Settings of the scheduler alone. */
export class SchedulerSettings {
  @Setting('STEPWELL_TIMER_LOOK_AHEAD', {
    description: 'How far ahead timers are kept in memory; what is due later stays in the store.',
    as: 'duration',
    default: '2m',
  })
  @Min(1_000)
  readonly timerLookAheadMs!: number;

  @Setting('STEPWELL_TIMER_RATE', {
    description: 'How many timers one process fires a second at most.',
    as: 'number',
    default: '5000',
  })
  @Min(1)
  readonly timersPerSecond!: number;

  @Setting('STEPWELL_TIMER_BATCH', {
    description: 'How many timers one ask carries at most.',
    as: 'number',
    default: '256',
  })
  @Min(1)
  @Max(1_024)
  readonly timersPerAsk!: number;

  @Setting('STEPWELL_TIMER_ASKS_IN_FLIGHT', {
    description: 'How many such asks one process has open at one time.',
    as: 'number',
    default: '16',
  })
  @Min(1)
  @Max(64)
  readonly timerAsksInFlight!: number;
}

export class SchedulerConfig extends settingsOf(
  CommonConfig,
  BusConfig,
  StoreConfig,
  MemberConfig,
  SchedulerSettings,
) {}
