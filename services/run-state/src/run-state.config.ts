import { BusConfig, CommonConfig, MemberConfig, Setting, settingsOf, StoreConfig } from '@stepwell/platform';
import { Max, Min } from 'class-validator';

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

  @Setting('STEPWELL_RUN_STATE_MAX_DELAY', {
    description:
      'Runs for an endpoint whose deliveries all wait longer than this until they are made are refused with 429; 0s = never.',
    as: 'duration',
    default: '5s',
  })
  readonly maxDeliveryWaitMs!: number;

  @Setting('STEPWELL_RUN_STATE_MAX_UNSETTLED', {
    description:
      'Deliveries, calls and other effects queued or under way, of one process, above which new runs are refused with 429.',
    as: 'number',
    default: '100000',
  })
  @Min(1)
  readonly maxUnsettled!: number;

  @Setting('STEPWELL_RUN_STATE_LAZY_BODY', {
    description:
      'Size above which a delivery’s step list is left out for clients that can fetch it (JavaScript); 0 sends it always.',
    as: 'bytes',
    default: '4mb',
  })
  readonly lazyBodyBytes!: number;

  @Setting('STEPWELL_RUN_STATE_AUDIT_EVERY', {
    description:
      'Pause between two walks of the auditor, who asks all live runs what they wait for and sends again what was lost; 0s = none.',
    as: 'duration',
    default: '1m',
  })
  readonly auditEveryMs!: number;

  @Setting('STEPWELL_RUN_STATE_AUDIT_RATE', {
    description: 'How many runs a second the auditor looks into.',
    as: 'number',
    default: '50',
  })
  @Min(1)
  @Max(1_000)
  readonly auditRate!: number;

  @Setting('STEPWELL_RUN_STATE_AUDIT_GRACE', {
    description:
      'How long what a run waits for may be overdue, or nobody be heard of, before the auditor makes sure of it.',
    as: 'duration',
    default: '2m',
  })
  readonly auditGraceMs!: number;
}

export class RunStateConfig extends settingsOf(CommonConfig, BusConfig, StoreConfig, MemberConfig, RunStateSettings) {}
