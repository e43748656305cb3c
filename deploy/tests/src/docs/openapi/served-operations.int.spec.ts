import type { GatewayUnderTest } from '@stepwell/gateway/testing';
import { ApiReference, startGateway } from '@stepwell/gateway/testing';

/* The reference of the API against the routes that the gateway really has. */

const reference = new ApiReference();
let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway({ patienceMs: 100 });
});
afterAll(() => gateway.close());

/** OpenAPI has no words for the others. */
const DESCRIBABLE = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const UNKNOWN = ['/v1/*', '/v2/*'];
/** A documented path as the router has it: what is unescaped is one rest to it. */
const routeOf = (path: string): string =>
  path.startsWith('/v1/') ? path.replace(/\{(\w+)\}/g, ':$1') : path.replace(/\{.*$/, '-');

const described = reference.operations.map(({ method, path }) => `${method} ${routeOf(path)}`);
const open = reference.operations.filter((each) => each.open).map(({ method, path }) => `${method} ${routeOf(path)}`);

/** The HTTP server answers HEAD wherever it answers GET. */
const served = (): string[] =>
  gateway.routes
    .filter(({ method, url }) => !UNKNOWN.includes(url) && DESCRIBABLE.includes(method))
    .map(({ method, url }) => `${method} ${url}`)
    .filter((route) => described.includes(route) || !described.includes(route.replace(/^HEAD/, 'GET')));

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

it('describes every route there is, and no other', () => {
  expect(sorted(described)).toEqual(sorted(served()));
});

it('says which are open to anybody', () => {
  const routes = gateway.routes.filter((route) => route.open && DESCRIBABLE.includes(route.method));
  const names = sorted(routes.map(({ method, url }) => `${method} ${url}`));
  expect(sorted(open)).toEqual(names.filter((route) => described.includes(route)));
  expect(names.filter((route) => !described.includes(route))).toEqual(['HEAD /v2/liveness']);
});

const paths = sorted(reference.operations.map(({ path }) => path));

/** The hosted service has more methods there. */
const PARTLY_SERVED = ['/v2/dlq'];

it.each(paths.filter((path) => !PARTLY_SERVED.includes(path)))(
  'what is not possible at %s is refused with what is',
  async (path) => {
    const possible = reference.operations.filter((each) => each.path === path).map(({ method }) => method);
    const method = DESCRIBABLE.find((each) => !possible.includes(each) && each !== 'HEAD');
    // Webhooks take all.
    if (method === undefined) return;
    const answer = await gateway.request(path.replace(/\{\w+\}/g, 'x'), { method });
    expect([answer.status, await answer.json()]).toMatchObject([405, { code: 'METHOD_NOT_ALLOWED' }]);
    expect(sorted(answer.headers.get('allow')?.split(', ') ?? [])).toEqual(sorted(possible));
  },
);

it('says which errors an operation may answer with, and the gateway answers with no other', () => {
  const faults = (status: number, body: object): string[] =>
    reference.faultsOf({ method: 'GET', target: '/v2/keys', status, body: JSON.stringify(body) });
  expect(faults(200, { current: 'a', next: 'b' })).toEqual([]);
  expect(faults(401, { error: 'no', code: 'UNAUTHORIZED' })).toEqual([]);
  expect(faults(200, { current: 'a' })).toHaveLength(1);
  expect(faults(200, { current: 'a', next: 'b', more: 1 })).toHaveLength(1);
  expect(faults(401, { error: 'no', code: 'UNKNOWN_RUN' })).toHaveLength(1);
  expect(faults(404, { error: 'no', code: 'UNKNOWN_RUN' })).toHaveLength(1);
  expect(faults(401, { code: 'UNAUTHORIZED' })).toHaveLength(1);
});
