import { isIP } from 'node:net';
import { Matches, Max, Min, MinLength, ValidateBy } from 'class-validator';
import { Setting, settingsOf, SubmissionConfig } from '@stepwell/platform';
import type { ValidationArguments } from 'class-validator';

/** A token shorter than this can be guessed by trying. */
const MIN_TOKEN_LENGTH = 16;

const EachIsAddressRange = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isAddressRange',
      validator: {
        validate: (entry: unknown) => typeof entry === 'string' && isAddressRange(entry),
        defaultMessage: () => 'each entry must be an IP address or a CIDR range (10.0.0.0/8)',
      },
    },
    { each: true },
  );

/** There are no default passwords in production; what is missing is listed at once. */
const CompleteUnlessDev = (): PropertyDecorator =>
  ValidateBy({
    name: 'completeUnlessDev',
    validator: {
      validate: (dev: unknown, args) => dev === true || missingCredentials(args).length === 0,
      defaultMessage: (args) => `must be true, or these be set: ${missingCredentials(args).join(', ')}`,
    },
  });

export class GatewayConfig extends settingsOf(SubmissionConfig) {
  @Setting('STEPWELL_GATEWAY_HOST', { description: 'Address that the API is served on.', default: '0.0.0.0' })
  readonly host!: string;

  @Setting('STEPWELL_GATEWAY_PORT', {
    description: 'Port of the API; 0 takes any free one.',
    as: 'number',
    default: '8080',
  })
  @Min(0)
  @Max(65_535)
  readonly port!: number;

  @Setting('STEPWELL_DEV', {
    description:
      'Development: token and signing keys have the defaults of QSTASH_DEV=true. Never where others can connect.',
    as: 'flag',
    default: 'false',
  })
  @CompleteUnlessDev()
  readonly dev!: boolean;

  @Setting('STEPWELL_AUTH_TOKENS', {
    description:
      'Tokens that clients may send (QSTASH_TOKEN), separated by commas, so that an old and a new one overlap.',
    as: 'list',
    optional: true,
    secret: true,
  })
  @MinLength(MIN_TOKEN_LENGTH, { each: true, message: `each token must have at least ${MIN_TOKEN_LENGTH} characters` })
  readonly tokens!: readonly string[];

  @Setting('STEPWELL_SIGNING_CURRENT_KEY', {
    description: 'Key that deliveries are signed with; the same as QSTASH_CURRENT_SIGNING_KEY of the applications.',
    optional: true,
    secret: true,
  })
  @Matches(/^\S+$/)
  readonly signingCurrentKey?: string;

  @Setting('STEPWELL_SIGNING_NEXT_KEY', {
    description:
      'Key that deliveries will be signed with after a rotation; QSTASH_NEXT_SIGNING_KEY of the applications.',
    optional: true,
    secret: true,
  })
  @Matches(/^\S+$/)
  readonly signingNextKey?: string;

  @Setting('STEPWELL_GATEWAY_BODY_MEMORY', {
    description:
      'Memory for request bodies; more wait unread until there is room, or get 503. Takes several times of it.',
    as: 'bytes',
    default: '32mb',
  })
  @Min(1_024)
  readonly bodyMemoryBytes!: number;

  @Setting('STEPWELL_GATEWAY_PATIENCE', {
    description: 'How long a request is held while the owner of its run does not answer, before it gets 503.',
    as: 'duration',
    default: '30s',
  })
  @Min(1)
  @Max(300_000)
  readonly patienceMs!: number;

  @Setting('STEPWELL_GATEWAY_MAX_PENDING', {
    description: 'Requests waiting for an answer above which new runs are refused with 429; live runs never are.',
    as: 'number',
    default: '2000',
  })
  @Min(1)
  readonly maxPending!: number;

  @Setting('STEPWELL_GATEWAY_START_CONCURRENCY', {
    description:
      'New runs that are being recorded at once: half of it for an endpoint alone, an eighth beside others. The next wait; endpoints take turns.',
    as: 'number',
    default: '64',
  })
  @Min(1)
  readonly startConcurrency!: number;

  @Setting('STEPWELL_GATEWAY_DLQ_BULK_LIMIT', {
    description: 'Most dead letters that one request resumes or restarts; naming more is refused with 412.',
    as: 'number',
    default: '50',
  })
  @Min(1)
  @Max(1_000)
  readonly deadLetterBulkLimit!: number;

  @Setting('STEPWELL_GATEWAY_TRUST_PROXY', {
    description:
      'Addresses or CIDR ranges of reverse proxies whose X-Forwarded-For, -Proto and -Host are believed, separated by commas.',
    as: 'list',
    default: '',
  })
  @EachIsAddressRange()
  readonly trustProxy!: readonly string[];

  @Setting('STEPWELL_GATEWAY_REQUEST_TIMEOUT', {
    description: 'How long a client may take to send one request.',
    as: 'duration',
    default: '60s',
  })
  @Min(1_000)
  readonly requestTimeoutMs!: number;

  @Setting('STEPWELL_GATEWAY_KEEP_ALIVE', {
    description: 'How long an idle connection stays open; longer than that of a load balancer in front.',
    as: 'duration',
    default: '72s',
  })
  @Min(1_000)
  readonly keepAliveMs!: number;
}

export interface Credentials {
  readonly tokens: readonly string[];
  readonly currentKey: string;
  readonly nextKey: string;
}

/** The user that `QSTASH_DEV=true` looks for (protocol.md 16): known to everybody, so for development only. */
export const DEV_CREDENTIALS: Credentials = {
  tokens: ['eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0='],
  currentKey: 'sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r',
  nextKey: 'sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs',
};

/** Who may come in, and the keys to tell. @throws Error when the config was made without `loadConfig`, which sees to it. */
export function credentialsOf(config: GatewayConfig): Credentials {
  const fallback: Partial<Credentials> = config.dev ? DEV_CREDENTIALS : {};
  const tokens = config.tokens.length > 0 ? config.tokens : fallback.tokens;
  const currentKey = config.signingCurrentKey ?? fallback.currentKey;
  const nextKey = config.signingNextKey ?? fallback.nextKey;
  if (tokens === undefined || currentKey === undefined || nextKey === undefined)
    throw new Error('no credentials are set');
  return { tokens, currentKey, nextKey };
}

const CREDENTIAL_SETTINGS = {
  tokens: 'STEPWELL_AUTH_TOKENS',
  signingCurrentKey: 'STEPWELL_SIGNING_CURRENT_KEY',
  signingNextKey: 'STEPWELL_SIGNING_NEXT_KEY',
} as const satisfies Partial<Record<keyof GatewayConfig, string>>;

function missingCredentials(args: ValidationArguments | undefined): string[] {
  const config = (args?.object ?? {}) as Partial<GatewayConfig>;
  return Object.entries(CREDENTIAL_SETTINGS)
    .filter(([property]) => (config[property as keyof typeof CREDENTIAL_SETTINGS] ?? '').length === 0)
    .map(([, setting]) => setting);
}

function isAddressRange(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
