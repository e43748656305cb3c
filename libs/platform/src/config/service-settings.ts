import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { DEFAULT_SUBMISSION_LIMITS } from '@stepwell/core';
import { IsIn, Max, Min } from 'class-validator';
import { Setting } from './setting.decorator';

const MIB = 1024 * 1024;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What every service has. */
export class CommonConfig {
  @Setting('STEPWELL_LOG_LEVEL', { description: 'The least important level that is logged.', default: 'info' })
  @IsIn(LOG_LEVELS)
  readonly logLevel!: LogLevel;

  @Setting('STEPWELL_LOG_FORMAT', {
    description: 'One JSON object per line, or lines for people.',
    default: 'json',
  })
  @IsIn(LOG_FORMATS)
  readonly logFormat!: LogFormat;

  @Setting('STEPWELL_METRICS_HOST', {
    description: 'Address that probes and metrics are served on.',
    default: '0.0.0.0',
  })
  readonly metricsHost!: string;

  @Setting('STEPWELL_METRICS_PORT', {
    description: 'Port of probes and metrics; 0 takes any free one.',
    as: 'number',
    default: '9464',
  })
  @Min(0)
  @Max(65_535)
  readonly metricsPort!: number;

  @Setting('STEPWELL_SHUTDOWN_DELAY', {
    description: 'How long a service told to stop still serves while it reports itself as not ready.',
    as: 'duration',
    default: '5s',
  })
  readonly shutdownDelayMs!: number;

  @Setting('STEPWELL_SHUTDOWN_GRACE', {
    description: 'How long what is running may take to end after that.',
    as: 'duration',
    default: '30s',
  })
  readonly shutdownGraceMs!: number;

  @Setting('STEPWELL_PARENT_PIPE', {
    description: 'Stop when standard input is closed: for children of another process.',
    as: 'flag',
    default: 'false',
  })
  readonly parentPipe!: boolean;
}

/** How to reach NATS. */
export class BusConfig {
  @Setting('STEPWELL_NATS_URL', {
    description: 'NATS server or servers, such as nats://nats:4222, separated by commas.',
    as: 'list',
  })
  readonly natsUrls!: readonly string[];

  @Setting('STEPWELL_NATS_USER', { description: 'NATS user name.', optional: true })
  readonly natsUser?: string;

  @Setting('STEPWELL_NATS_PASSWORD', { description: 'Password of that user.', optional: true, secret: true })
  readonly natsPassword?: string;

  @Setting('STEPWELL_NATS_TOKEN', {
    description: 'NATS token, instead of user and password.',
    optional: true,
    secret: true,
  })
  readonly natsToken?: string;

  @Setting('STEPWELL_NATS_CREDS_FILE', { description: 'Path of a NATS credentials file.', optional: true })
  readonly natsCredsFile?: string;

  @Setting('STEPWELL_NATS_REPLICAS', {
    description: 'Copies of each stream in a NATS cluster.',
    as: 'number',
    default: '1',
  })
  @Min(1)
  @Max(5)
  readonly natsReplicas!: number;
}

/** How to reach MongoDB. */
export class StoreConfig {
  @Setting('STEPWELL_MONGODB_URI', {
    description: 'MongoDB connection string; a replica set, if only of one member.',
    secret: true,
  })
  readonly mongodbUri!: string;

  @Setting('STEPWELL_MONGODB_DATABASE', { description: 'Name of the database.', default: 'stepwell' })
  readonly mongodbDatabase!: string;
}

/** What may be submitted to a run at most, by whichever way it comes: a request of the endpoint's, or its answer to a delivery. */
export class SubmissionConfig {
  @Setting('STEPWELL_GATEWAY_BODY_LIMIT', {
    description: 'Largest request body; a batch counts as one, and so does an answer that holds its own submissions.',
    as: 'bytes',
    default: '10mb',
  })
  @Min(1_024)
  @Max(100 * MIB)
  readonly bodyLimitBytes!: number;

  @Setting('STEPWELL_GATEWAY_BATCH_LIMIT', {
    description: 'Most items in one batch, or in one answer that holds its own submissions.',
    as: 'number',
    default: '1000',
  })
  @Min(1)
  @Max(100_000)
  readonly batchLimit!: number;

  @Setting('STEPWELL_GATEWAY_MAX_RETRIES', {
    description: 'Most retries a message may ask for; more is refused with 412.',
    as: 'number',
    default: String(DEFAULT_SUBMISSION_LIMITS.maxRetries),
  })
  @Min(0)
  @Max(1_000)
  readonly maxRetries!: number;

  @Setting('STEPWELL_GATEWAY_MAX_DELAY', {
    description: 'Longest delay, sleep or wait; more is refused with 412.',
    as: 'duration',
    default: '366d',
  })
  @Min(1)
  readonly maxDelayMs!: number;

  @Setting('STEPWELL_GATEWAY_MAX_INVOKE_DEPTH', {
    description: 'How many runs may invoke each other in a row; more is refused with 412.',
    as: 'number',
    default: String(DEFAULT_SUBMISSION_LIMITS.maxInvokeDepth),
  })
  @Min(1)
  @Max(100_000)
  readonly maxInvokeDepth!: number;
}

/** Who this process is among its kind, for services that share partitions. */
export class MemberConfig {
  @Setting('STEPWELL_MEMBER_NAME', {
    description:
      'Name of this process among its kind, when something guarantees that there is never a second one of that name (a StatefulSet’s pod): a restart then takes over from its former self at once.',
    optional: true,
  })
  readonly memberName?: string;
}

/** The member's id and whether it may supersede its former self at once (L2): a name given says that the former self is gone. */
export function memberIdentity({ memberName }: MemberConfig): {
  readonly memberId: string;
  readonly supersede: boolean;
} {
  return {
    memberId: memberName ?? `${hostname()}-${process.pid}-${randomUUID()}`,
    supersede: memberName !== undefined,
  };
}
