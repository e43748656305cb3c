import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { DEV } from '../../e2e/stepwell-under-test';
import { type Program, referenceEndpoint } from '../../native/reference-endpoint';
import type { Journal } from '../work/journal';
import { type RunOrder, stepResult } from '../work/work';
import type { Payload } from './stepwell.app';

const KEEP_ALIVE_MS = 60_000;

/** A user's app on the native protocol: the reference endpoint, which answers with what it did. */
export async function serveInlineApp(journal: Journal, gatewayUrl: string): Promise<string> {
  const server = referenceEndpoint(
    ({ id, payload }) => programOf(journal, { id, ...(JSON.parse(payload) as Payload) }),
    { url: gatewayUrl, token: DEV.token },
  );
  server.prependListener('request', () => {
    journal.called();
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bench`;
}

function programOf(journal: Journal, order: RunOrder): Program {
  const before = (results: readonly unknown[]): number => Number(results.at(-1) ?? order.seed);
  const run = (results: readonly unknown[]): number => {
    const step = results.length + 1;
    journal.executed(order.id, step);
    return stepResult(before(results), step);
  };
  return {
    steps: Array.from({ length: order.steps }, (_, index) => ({ name: `step ${index + 1}`, run })),
    result: (results) => {
      journal.ended(order, before(results));
      return before(results);
    },
  };
}
