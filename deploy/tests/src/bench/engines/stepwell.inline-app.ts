import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { DEV } from '../../e2e/stepwell-under-test';
import { type Program, referenceEndpoint, type Sleep } from '../../native/reference-endpoint';
import type { Journal } from '../work/journal';
import { joined, numberOf, type RunOrder, stepResult, type Value, valueOf } from '../work/work';
import type { Payload } from './stepwell.app';

const KEEP_ALIVE_MS = 60_000;

/** A user's app on the native protocol: the reference endpoint, which answers with what it did. */
export async function serveInlineApp(journal: Journal, gatewayUrl: string): Promise<string> {
  const server = referenceEndpoint(
    ({ id, payload }) => programOf(journal, { ...(JSON.parse(payload) as Payload), id }),
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
  journal.began(order);
  const { sleep, seed, isFanOut } = order;
  const sleeps = sleep === undefined ? [] : [{ name: 'sleep', sleep: sleepOf(sleep) }];
  const numbersIn = (results: readonly unknown[]): number[] =>
    results.slice(sleeps.length).map((result) => numberOf(result, order));
  const last = (results: readonly unknown[]): number =>
    results.length === sleeps.length ? seed : numberOf(results.at(-1), order);
  const execute = (before: number, step: number): Value => {
    journal.executed(order, step);
    return valueOf(stepResult(before, step), order);
  };
  const steps = Array.from({ length: order.steps }, (_, index) => ({
    name: `step ${index + 1}`,
    run: (results: readonly unknown[]) => execute(isFanOut ? seed : last(results), index + 1),
  }));
  return {
    steps: isFanOut ? [...sleeps, steps] : [...sleeps, ...steps],
    result: (results) => {
      const result = isFanOut ? joined(seed, numbersIn(results)) : last(results);
      journal.ended(order, result);
      return result;
    },
  };
}

const sleepOf = (sleep: NonNullable<RunOrder['sleep']>): Sleep =>
  'forS' in sleep ? { 'upstash-delay': `${sleep.forS}s` } : { 'upstash-not-before': String(sleep.untilS) };
