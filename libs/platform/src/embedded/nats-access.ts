/** Who may connect, in the words of nats-server's configuration: either plain users or accounts of users. */
export type NatsAccess =
  | { readonly authorization: { readonly users: readonly NatsUser[] } }
  | {
      readonly accounts: Readonly<
        Record<string, { readonly jetstream: 'enabled'; readonly users: readonly NatsUser[] }>
      >;
    };

export interface NatsUser {
  readonly user: string;
  readonly password: string;
  readonly permissions?: {
    readonly publish: { readonly allow: readonly string[] };
    readonly subscribe: { readonly allow: readonly string[] };
  };
}

/** The stream of public run completions: the only one that the `reader` may read. */
const PUBLIC_STREAM = 'STEPWELL_RUNS';

/**
 * Readers set this as their client's inbox prefix (`inboxPrefix`). They may not listen on the usual `_INBOX.>`: answers to the services' own
 * asks, with users' bodies in them, pass there.
 */
const READER_INBOX_PREFIX = '_INBOX_reader';

/**
 * The two users of architecture.md section 9: `stepwell` may do everything, `reader` may subscribe to `stepwell.runs.>` and
 * read their stream through consumers of its own.
 */
export function stepwellAndReader(passwords: { readonly stepwell: string; readonly reader: string }): NatsAccess {
  return {
    authorization: {
      users: [
        { user: 'stepwell', password: passwords.stepwell },
        {
          user: 'reader',
          password: passwords.reader,
          permissions: {
            publish: { allow: CONSUMER_API },
            subscribe: { allow: ['stepwell.runs.>', `${READER_INBOX_PREFIX}.>`] },
          },
        },
      ],
    },
  };
}

const CONSUMER_API = [
  '$JS.API.INFO',
  // Clients look a stream up by a subject; names are all that this tells.
  '$JS.API.STREAM.NAMES',
  `$JS.API.STREAM.INFO.${PUBLIC_STREAM}`,
  `$JS.API.CONSUMER.CREATE.${PUBLIC_STREAM}`,
  ...['CREATE', 'DURABLE.CREATE', 'DELETE', 'INFO', 'MSG.NEXT'].map(
    (verb) => `$JS.API.CONSUMER.${verb}.${PUBLIC_STREAM}.>`,
  ),
  ...['NAMES', 'LIST'].map((verb) => `$JS.API.CONSUMER.${verb}.${PUBLIC_STREAM}`),
  ...['ACK', 'FC'].map((verb) => `$JS.${verb}.${PUBLIC_STREAM}.>`),
];
