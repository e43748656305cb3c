import type { IncomingMessage } from 'node:http';

/*
 * Raw request targets. The clients put destinations and run ids unescaped behind a fixed prefix (protocol.md 2.1), so a router
 * must neither decode them nor look for parameters or a query in them.
 *
 * 1. The router sees `<prefix>-` where somebody wrote `<prefix><anything>`; a handler takes the rest from the original target.
 * 2. Behind DESTINATION prefixes everything is the destination, its own `?query` included.
 * 3. A run id ends where the query begins.
 * 4. The token in a query (`?qstash_token=`) is ours alone: it is cut out of a destination, never sent to a third party.
 */

/** What stands for the raw rest in the router's eyes. */
const PLACEHOLDER = '-';

const DESTINATION_PREFIXES = ['/v2/publish/', '/v2/enqueue/', '/v2/trigger/', '/v2/schedules/'] as const;
const RUN_PREFIX = '/v2/workflows/runs/';
const TOKEN_PARAMETER = 'qstash_token';

/** For Fastify's `rewriteUrl` (rule 1). */
export function routedTarget(request: Pick<IncomingMessage, 'url'>): string {
  const target = request.url ?? '/';
  if (!target.startsWith('/v2/')) return target;
  if (target.startsWith(RUN_PREFIX) && pathOf(target).length > RUN_PREFIX.length) {
    return `${RUN_PREFIX}${PLACEHOLDER}${target.slice(pathOf(target).length)}`;
  }
  const prefix = DESTINATION_PREFIXES.find((each) => target.startsWith(each));
  return prefix === undefined ? target : `${prefix}${PLACEHOLDER}`;
}

/** The destination as it was sent, without our token (rules 2 and 4). Empty when there is none. */
export function rawDestination(originalTarget: string, prefix: (typeof DESTINATION_PREFIXES)[number]): string {
  const destination = originalTarget.startsWith(prefix) ? originalTarget.slice(prefix.length) : '';
  const queryAt = destination.indexOf('?');
  if (queryAt < 0 || !destination.includes(TOKEN_PARAMETER, queryAt)) return destination;
  const kept = destination
    .slice(queryAt + 1)
    .split('&')
    .filter((pair) => !pair.startsWith(`${TOKEN_PARAMETER}=`));
  return destination.slice(0, queryAt) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}

/** The run id, decoded once; text that isn't percent-encoding is taken as it is (rule 3). */
export function rawRunId(originalTarget: string): string {
  const id = pathOf(originalTarget).slice(RUN_PREFIX.length);
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** The token of a query, for callers that can't set a header (protocol.md 14). */
export function queryToken(originalTarget: string): string | undefined {
  const at = originalTarget.indexOf('?');
  if (at < 0 || !originalTarget.includes(TOKEN_PARAMETER, at)) return undefined;
  return new URLSearchParams(originalTarget.slice(at + 1)).get(TOKEN_PARAMETER) ?? undefined;
}

function pathOf(target: string): string {
  const queryAt = target.indexOf('?');
  return queryAt < 0 ? target : target.slice(0, queryAt);
}
