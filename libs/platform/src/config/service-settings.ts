import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { IsIn, Max, Min } from 'class-validator';
import { Setting } from './setting.decorator';

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
