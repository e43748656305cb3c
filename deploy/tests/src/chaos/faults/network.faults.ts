import { setTimeout as delay } from 'node:timers/promises';
import type { FaultProxy } from '@stepwell/testing';
import type { Fault, Victims } from './fault';
import { between } from './fault';

/* What goes wrong on the way: to the stores, and to the app. */

type Hinder = (proxy: FaultProxy, random: () => number) => void;

const cut: Hinder = (proxy) => {
  proxy.cut();
};
const halfOpen: Hinder = (proxy) => {
  proxy.halfOpen();
};
const holdAnswers: Hinder = (proxy) => {
  proxy.hold('answers');
};
const hold: Hinder = (proxy) => {
  proxy.hold();
};
const slow: Hinder = (proxy, random) => {
  proxy.delay(between(random, 20, 200));
};

/** Proxies do something for a while. */
const hindered = (
  { name, kind, hits }: Pick<Fault, 'name' | 'kind' | 'hits'>,
  proxiesOf: (victims: Victims) => readonly FaultProxy[],
  hinder: Hinder,
  { least, most }: { readonly least: number; readonly most: number },
): Fault => ({
  name,
  kind,
  hits,
  weight: 1,
  strike: async (victims, random) => {
    const proxies = proxiesOf(victims);
    for (const proxy of proxies) hinder(proxy, random);
    await delay(between(random, least, most));
    for (const proxy of proxies) proxy.resume();
  },
});

const ofServer = (name: 'mongod' | 'nats', proxiesOf: (victims: Victims) => readonly FaultProxy[]): Fault[] => {
  const what = (text: string): Pick<Fault, 'name' | 'kind' | 'hits'> => ({ name: text, kind: 'network', hits: [name] });
  return [
    hindered(what(`cut off ${name}`), proxiesOf, cut, { least: 200, most: 3_000 }),
    hindered(what(`half-open connections to ${name}`), proxiesOf, halfOpen, { least: 200, most: 5_000 }),
    hindered(what(`answers held back of ${name}`), proxiesOf, holdAnswers, { least: 200, most: 4_000 }),
    hindered(what(`a slow way to ${name}`), proxiesOf, slow, { least: 200, most: 5_000 }),
  ];
};

const ofEndpoint = (name: string): Pick<Fault, 'name' | 'kind' | 'hits'> => ({
  name,
  kind: 'endpoint',
  hits: ['endpoint'],
});
const endpoint = (victims: Victims): FaultProxy[] => [victims.endpoint];

export const NETWORK_FAULTS: readonly Fault[] = [
  ...ofServer('mongod', ({ servers }) => servers.mongods.members.map(({ proxy }) => proxy)),
  ...ofServer('nats', ({ servers }) => [servers.nats.proxy]),
  hindered(ofEndpoint('the endpoint resets connections'), endpoint, cut, { least: 100, most: 2_000 }),
  hindered(ofEndpoint('the endpoint hangs'), endpoint, hold, { least: 100, most: 5_000 }),
];
