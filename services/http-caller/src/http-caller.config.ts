import { ArrayMaxSize, Matches, Max, Min, ValidateBy } from 'class-validator';
import { Setting, settingsOf, SubmissionConfig } from '@stepwell/platform';
import { allowEntryProblem } from './outbound/destination.policy';

const MIB = 1024 * 1024;

/** An entry of the allow list that means nothing must stop the start: it would look like an opening and be none. */
const EachIsAllowEntry = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isAllowEntry',
      validator: {
        validate: (entry: unknown) => typeof entry === 'string' && allowEntryProblem(entry) === undefined,
        defaultMessage: () =>
          'each entry must be an IP address, a CIDR range (10.0.0.0/8) or a host name (*.example.com)',
      },
    },
    { each: true },
  );

export class HttpCallerConfig extends settingsOf(SubmissionConfig) {
  @Setting('STEPWELL_SIGNING_CURRENT_KEY', {
    description: 'Key that deliveries are signed with; the same as QSTASH_CURRENT_SIGNING_KEY of the applications.',
    secret: true,
  })
  @Matches(/^\S+$/)
  readonly signingCurrentKey!: string;

  @Setting('STEPWELL_DELIVERY_CONCURRENCY', {
    description: 'Deliveries under way at one time, in one process.',
    as: 'number',
    default: '256',
  })
  @Min(1)
  @Max(100_000)
  readonly deliveryConcurrency!: number;

  @Setting('STEPWELL_CALL_CONCURRENCY', {
    description: 'Third-party calls (context.call) under way at one time, in one process.',
    as: 'number',
    default: '1000',
  })
  @Min(1)
  @Max(100_000)
  readonly callConcurrency!: number;

  @Setting('STEPWELL_OUTBOUND_CONNECTIONS_PER_ORIGIN', {
    description: 'Connections to one origin at one time, for deliveries and for calls each.',
    as: 'number',
    default: '128',
  })
  @Min(1)
  @Max(10_000)
  readonly connectionsPerOrigin!: number;

  @Setting('STEPWELL_OUTBOUND_QUEUE_PER_ORIGIN', {
    description: 'Items that wait in memory for one origin; more go back to the queue.',
    as: 'number',
    default: '1000',
  })
  @Min(1)
  @Max(100_000)
  readonly queuePerOrigin!: number;

  @Setting('STEPWELL_OUTBOUND_CONNECT_TIMEOUT', {
    description: 'How long making a connection may take.',
    as: 'duration',
    default: '10s',
  })
  @Min(1)
  readonly connectTimeoutMs!: number;

  @Setting('STEPWELL_OUTBOUND_ALLOW_PRIVATE', {
    description:
      'Whether loopback and private addresses may be reached. Link-local and cloud metadata never may unless named.',
    as: 'flag',
    default: 'false',
  })
  readonly allowPrivate!: boolean;

  @Setting('STEPWELL_OUTBOUND_ALLOW', {
    description:
      'Addresses, CIDR ranges and host names (*.example.com) that may be reached all the same, separated by commas.',
    as: 'list',
    default: '',
  })
  @ArrayMaxSize(1_000)
  @EachIsAllowEntry()
  readonly allow!: readonly string[];

  @Setting('STEPWELL_CALL_MAX_RESPONSE', {
    description: 'Largest answer that a third-party call may have; at most 100mb.',
    as: 'bytes',
    default: '10mb',
  })
  @Min(1024)
  @Max(100 * MIB)
  readonly maxResponseBytes!: number;

  @Setting('STEPWELL_DELIVERY_ASSEMBLY_BYTES', {
    description: 'Memory for large request bodies that are being put together or sent.',
    as: 'bytes',
    default: '128mb',
  })
  @Min(MIB)
  readonly assemblyBytes!: number;

  @Setting('STEPWELL_DELIVERY_HISTORY_CACHE', {
    description: 'Memory for the histories of recent runs.',
    as: 'bytes',
    default: '64mb',
  })
  @Min(0)
  readonly historyCacheBytes!: number;
}
