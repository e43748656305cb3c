import { Problem } from '@stepwell/platform';

/*
 * What no route took, by the table of protocol.md 1: a wrong method, something that exists elsewhere and not here yet, or nothing.
 */

/** Served here; `*` is any one segment, `**` any rest. */
const SERVED: readonly (readonly [path: string, methods: string])[] = [
  ['/v2/batch', 'POST'],
  ['/v2/batch/trigger', 'POST'],
  ['/v2/publish/**', 'POST'],
  ['/v2/trigger/**', 'POST'],
  ['/v2/wait/**', 'POST'],
  ['/v2/notify/**', 'POST'],
  ['/v2/waiters/**', 'GET'],
  ['/v2/workflows/runs', 'DELETE'],
  ['/v2/workflows/runs/**', 'GET, DELETE'],
  ['/v2/workflows/events', 'GET'],
  ['/v2/workflows/logs', 'GET'],
  ['/v2/workflows/dlq', 'GET, DELETE'],
  ['/v2/workflows/dlq/resume/**', 'POST'],
  ['/v2/workflows/dlq/restart/**', 'POST'],
  ['/v2/workflows/dlq/callback/**', 'POST, DELETE'],
  ['/v2/workflows/dlq/**', 'GET, DELETE'],
  ['/v2/messages', 'DELETE'],
  ['/v2/messages/**', 'GET, DELETE'],
  ['/v2/keys', 'GET'],
  ['/v2/liveness', 'GET'],
  ['/v1/runs/*/explain', 'GET'],
];

/** Known to the clients, and coming. */
const PLANNED: readonly string[] = [
  '/v2/enqueue/**',
  '/v2/dlq/**',
  '/v2/schedules/**',
  '/v2/queues/**',
  '/v2/topics/**',
  '/v2/events',
  '/v2/logs',
  '/v2/keys/rotate',
  '/v2/flowControl/**',
  '/v2/globalParallelism',
];

export function unknownRoute(method: string, target: string): { problem: Problem; allow?: string } {
  const path = target.split('?', 1)[0] ?? '';
  const served = SERVED.find(([pattern]) => matches(pattern, path));
  if (served !== undefined) {
    const [, allow] = served;
    if (allow.split(', ').includes(method)) return { problem: new Problem('NOT_FOUND', 'there is no id in the path') };
    return { problem: new Problem('METHOD_NOT_ALLOWED', `${method} is not possible here, only ${allow}`), allow };
  }
  const planned = PLANNED.find((pattern) => matches(pattern, path));
  if (planned !== undefined) {
    const where = planned.replace(/\/\*+$/, '');
    return { problem: new Problem('NOT_SUPPORTED', `${where} is not supported by this server yet`) };
  }
  return { problem: new Problem('NOT_FOUND', 'there is no such endpoint') };
}

function matches(pattern: string, path: string): boolean {
  if (pattern.endsWith('/**')) {
    const prefix = pattern.slice(0, -'/**'.length);
    return path === prefix || path.startsWith(`${prefix}/`);
  }
  const [wanted, segments] = [pattern.split('/'), path.split('/')];
  return wanted.length === segments.length && wanted.every((each, place) => each === '*' || each === segments[place]);
}
