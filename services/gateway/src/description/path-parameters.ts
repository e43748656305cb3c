import type { IdPrefix } from '../http/raw-target';

/*
 * What stands in a path: in those of our own (`/v1`) escaped as anywhere, elsewhere what the clients put there unescaped (protocol.md
 * 2.1, 8.5). OpenAPI has no word for it: tools may escape what they fill in, which is decoded once where it is an id, and is a mistake
 * where it is a URL.
 */

interface PathParameter {
  readonly meaning: string;
  readonly example: string;
  /** Not escaped, and what it is; absent where it is escaped. */
  readonly raw?: 'destination' | 'id';
}

const ID = 'It is taken as it is, slashes included, up to the query; percent-encoding is decoded once.';
const ID_BEFORE_OTHERS = 'Percent-encoding is decoded once; a slash within it has to be encoded.';

export const PATH_PARAMETERS = {
  destination: {
    meaning:
      'The whole URL as it is, not escaped, its own query included: everything behind the path is the destination, but for `qstash_token`.',
    example: 'https://app.example/api/onboarding?from=mail',
    raw: 'destination',
  },
  workflowRunId: { meaning: `Id of the run. ${ID}`, example: 'wfr_1', raw: 'id' },
  runId: {
    meaning: 'Id of the run, percent-encoded like any part of a path.',
    example: 'wfr_1',
  },
  eventId: { meaning: `Id of the event, 1 to 512 printable characters. ${ID}`, example: 'order-17', raw: 'id' },
  userId: {
    meaning: `The user that the token names, as base64 of JSON with a \`UserID\`. ${ID_BEFORE_OTHERS}`,
    example: 'defaultUser',
    raw: 'id',
  },
  messageId: { meaning: `Id of the message. ${ID}`, example: 'msg_1.wfr_1', raw: 'id' },
  dlqId: { meaning: `Id of the dead letter. ${ID}`, example: 'dlq_1.wfr_1', raw: 'id' },
} as const satisfies Readonly<Record<string, PathParameter>>;

export type PathParameterName = keyof typeof PATH_PARAMETERS;

/** What is behind a prefix, where a route has the placeholder. */
const BEHIND: Readonly<Partial<Record<IdPrefix, PathParameterName>>> = {
  '/v2/workflows/runs/': 'workflowRunId',
  '/v2/waiters/': 'eventId',
  '/v2/messages/': 'messageId',
  '/v2/workflows/dlq/resume/': 'dlqId',
  '/v2/workflows/dlq/restart/': 'dlqId',
  '/v2/workflows/dlq/callback/': 'dlqId',
  '/v2/workflows/dlq/': 'dlqId',
};

/** A route's path as it is documented. @throws Error for a placeholder or a parameter that nobody has named */
export function documentedPath(route: string): string {
  if (route.includes(':')) return withParameters(route);
  const prefix = /^(.*\/)-$/.exec(route)?.[1];
  if (prefix === undefined) return route;
  const name = BEHIND[prefix as IdPrefix];
  if (name === undefined) throw new Error(`nobody has named what is behind ${prefix}`);
  return `${prefix}{${name}}`;
}

const withParameters = (route: string): string =>
  route.replace(/:(\w+)/g, (_, name: string) => {
    if (!Object.hasOwn(PATH_PARAMETERS, name)) throw new Error(`nobody has named the parameter ${name}`);
    return `{${name}}`;
  });
