import type { IncomingMessage } from 'node:http';

/*
 * Raw request targets. The clients put destinations and ids unescaped behind a fixed prefix (protocol.md 2.1, 8.5), so a router
 * must neither decode them nor look for parameters or a query in them.
 *
 * 1. The router sees `<prefix>-` where somebody wrote `<prefix><anything>`; a handler takes the rest from the original target.
 * 2. Behind DESTINATION prefixes everything is the destination, its own `?query` included.
 * 3. Behind ID prefixes ids end where the query begins. Each is decoded once; what isn't percent-encoding is taken as it is.
 * 4. Where several ids follow a prefix, a slash ends each but the last, which may hold any: a slash within another one has to be
 *    encoded.
 * 5. The token in a query (`?qstash_token=`) is ours alone: it is cut out of a destination, never sent to a third party, and out of
 *    the query that a route sees.
 */

/** What stands for the raw rest in the router's eyes. */
const PLACEHOLDER = '-';

const DESTINATION_PREFIXES = ['/v2/publish/', '/v2/enqueue/', '/v2/trigger/', '/v2/schedules/'] as const;
/** The longer of two that fit comes first. */
const ID_PREFIXES = [
  '/v2/workflows/runs/',
  '/v2/workflows/hooks/',
  '/v2/workflows/dlq/resume/',
  '/v2/workflows/dlq/restart/',
  '/v2/workflows/dlq/callback/',
  '/v2/workflows/dlq/',
  '/v2/wait/',
  '/v2/waiters/',
  '/v2/notify/',
  '/v2/messages/',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];
/** Routes of their own where an id could be. */
const NO_IDS: readonly string[] = ['/v2/workflows/dlq/resume', '/v2/workflows/dlq/restart'];
const TOKEN_PARAMETER = 'qstash_token';

/** For Fastify's `rewriteUrl` (rule 1). */
export function routedTarget(request: Pick<IncomingMessage, 'url'>): string {
  const target = request.url ?? '/';
  if (!target.startsWith('/v2/')) return target;
  const prefix = DESTINATION_PREFIXES.find((each) => target.startsWith(each));
  if (prefix !== undefined) return `${prefix}${PLACEHOLDER}`;
  return withoutToken(withoutIds(target));
}

function withoutIds(target: string): string {
  const path = pathOf(target);
  const idPrefix = ID_PREFIXES.find((each) => path.startsWith(each));
  if (idPrefix === undefined || path.length === idPrefix.length || NO_IDS.includes(path)) return target;
  return `${idPrefix}${PLACEHOLDER}${target.slice(path.length)}`;
}

/** The destination as it was sent, without our token (rules 2 and 5). Empty when there is none. */
export function rawDestination(originalTarget: string, prefix: (typeof DESTINATION_PREFIXES)[number]): string {
  return originalTarget.startsWith(prefix) ? withoutToken(originalTarget.slice(prefix.length)) : '';
}

function withoutToken(target: string): string {
  const queryAt = target.indexOf('?');
  if (queryAt < 0 || !target.includes(TOKEN_PARAMETER, queryAt)) return target;
  const kept = target
    .slice(queryAt + 1)
    .split('&')
    .filter((pair) => !pair.startsWith(`${TOKEN_PARAMETER}=`));
  return target.slice(0, queryAt) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}

/** All that is behind the prefix as one id (rule 3). */
export const rawId = (originalTarget: string, prefix: IdPrefix): string => rawIds(originalTarget, prefix, 1)[0] ?? '';

/** Up to `most` ids behind the prefix (rule 4). */
export function rawIds(originalTarget: string, prefix: IdPrefix, most: number): readonly string[] {
  const segments = pathOf(originalTarget).slice(prefix.length).split('/');
  const last = segments.slice(most - 1).join('/');
  return segments.length < most ? segments.map(decodedOnce) : [...segments.slice(0, most - 1), last].map(decodedOnce);
}

/** The token of a query, for callers that can't set a header (protocol.md 14). */
export function queryToken(originalTarget: string): string | undefined {
  const at = originalTarget.indexOf('?');
  if (at < 0 || !originalTarget.includes(TOKEN_PARAMETER, at)) return undefined;
  return new URLSearchParams(originalTarget.slice(at + 1)).get(TOKEN_PARAMETER) ?? undefined;
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pathOf(target: string): string {
  const queryAt = target.indexOf('?');
  return queryAt < 0 ? target : target.slice(0, queryAt);
}
