import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@stepwell/core';
import type { FaultProxy } from '@stepwell/testing';
import type { Cluster } from './cluster';
import { ROLES } from './cluster';
import type { BrittleServer, Servers } from './servers';

/*
 * What goes wrong, one thing after the other, by its seed. Each fault is over when its promise is: whoever judges afterwards judges a
 * system that nothing hinders.
 */

export interface Victims {
  readonly cluster: Cluster;
  readonly servers: Servers;
  /** Between the engine and the app. */
  readonly endpoint: FaultProxy;
}

interface Fault {
  readonly name: string;
  /** How often it is picked, compared with the others. */
  readonly weight: number;
  readonly strike: (victims: Victims, random: () => number) => Promise<void>;
}

/** A lease is 10 s: after twice that everybody has given up on who stands still. */
const LONGER_THAN_A_LEASE_MS = 21_000;
const SHORT_MS = 1_000;
const BETWEEN_MS = { least: 500, most: 4_000 };

const between = (random: () => number, least: number, most: number): number =>
  Math.round(least + random() * (most - least));

const signal = (pid: number | undefined, name: NodeJS.Signals): void => {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // It is gone already.
  }
};

async function paused(pid: number | undefined, ms: number): Promise<void> {
  signal(pid, 'SIGSTOP');
  await delay(ms);
  signal(pid, 'SIGCONT');
}

async function restarted(server: BrittleServer, meanwhile: () => Promise<unknown>): Promise<void> {
  await server.kill();
  await meanwhile();
  await server.start();
}

const ofRole = (role: ServiceName): Fault[] => [
  {
    name: `SIGKILL ${role}`,
    weight: 2,
    strike: async ({ cluster }) => {
      cluster.membersOf(role)[0]?.child.kill('SIGKILL');
      await Promise.resolve();
    },
  },
  {
    name: `SIGTERM ${role}`,
    weight: 1,
    strike: async ({ cluster }) => {
      cluster.membersOf(role)[0]?.child.kill('SIGTERM');
      await Promise.resolve();
    },
  },
  {
    name: `SIGSTOP ${role}, briefly`,
    weight: 1,
    strike: ({ cluster }, random) => paused(cluster.membersOf(role)[0]?.child.pid, between(random, 100, 3_000)),
  },
];

type Hinder = (proxy: FaultProxy, random: () => number) => void;

/** A proxy does something for a while. */
const hindered = (
  name: string,
  proxyOf: (victims: Victims) => FaultProxy,
  hinder: Hinder,
  { least, most }: { readonly least: number; readonly most: number },
): Fault => ({
  name,
  weight: 1,
  strike: async (victims, random) => {
    const proxy = proxyOf(victims);
    hinder(proxy, random);
    await delay(between(random, least, most));
    proxy.resume();
  },
});

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

const ofProxy = (name: 'mongod' | 'nats'): Fault[] => {
  const proxyOf = ({ servers }: Victims): FaultProxy => servers.proxies[name];
  return [
    hindered(`cut off ${name}`, proxyOf, cut, { least: 200, most: 3_000 }),
    hindered(`half-open connections to ${name}`, proxyOf, halfOpen, { least: 200, most: 5_000 }),
    hindered(`answers held back of ${name}`, proxyOf, holdAnswers, { least: 200, most: 4_000 }),
    hindered(`a slow way to ${name}`, proxyOf, slow, { least: 200, most: 5_000 }),
  ];
};

const ofServer = (name: 'mongod' | 'nats'): Fault[] => [
  { name: `SIGKILL ${name}`, weight: 2, strike: ({ servers }) => restarted(servers[name], () => Promise.resolve()) },
  { name: `${name} stalls for a second`, weight: 1, strike: ({ servers }) => paused(servers[name].pid, SHORT_MS) },
];

const FAULTS: readonly Fault[] = [
  ...ROLES.flatMap(ofRole),
  ...(['run-state', 'scheduler', 'http-caller'] as const).map((role) => ({
    name: `SIGSTOP ${role} for twice its lease`,
    weight: 0.5,
    strike: ({ cluster }: Victims) => paused(cluster.membersOf(role)[0]?.child.pid, LONGER_THAN_A_LEASE_MS),
  })),
  {
    name: 'SIGKILL all services at once',
    weight: 1,
    strike: async ({ cluster }) => {
      for (const role of ROLES) for (const { child } of cluster.membersOf(role)) child.kill('SIGKILL');
      await Promise.resolve();
    },
  },
  ...ofServer('mongod'),
  ...ofServer('nats'),
  ...ofProxy('mongod'),
  ...ofProxy('nats'),
  {
    name: 'nats forgets everything',
    weight: 2,
    strike: ({ servers }) => restarted(servers.nats, () => servers.forgetNats()),
  },
  {
    name: 'nats is copied, or set back to its copy',
    weight: 3,
    strike: ({ servers }) => restarted(servers.nats, () => servers.setNatsBack()),
  },
  {
    name: 'SIGKILL mongod and nats at once, nats forgets everything',
    weight: 1,
    strike: async ({ servers }) => {
      await Promise.all([servers.mongod.kill(), servers.nats.kill()]);
      await servers.forgetNats();
      await Promise.all([servers.mongod.start(), servers.nats.start()]);
    },
  },
  hindered('the endpoint resets connections', ({ endpoint }) => endpoint, cut, { least: 100, most: 2_000 }),
  hindered('the endpoint hangs', ({ endpoint }) => endpoint, hold, { least: 100, most: 5_000 }),
];

export class Nemesis {
  /** Every fault that struck, and from when to when it lasted (`Date.now()`). */
  readonly struck: { readonly name: string; readonly from: number; readonly to: number }[] = [];

  constructor(
    private readonly victims: Victims,
    private readonly random: () => number,
    private readonly say: (line: string) => void,
  ) {}

  /** Until the time is over. */
  async rage(forMs: number): Promise<void> {
    const endAt = performance.now() + forMs;
    while (performance.now() < endAt) {
      await delay(between(this.random, BETWEEN_MS.least, BETWEEN_MS.most));
      const fault = this.pick();
      this.say(fault.name);
      const from = Date.now();
      await fault.strike(this.victims, this.random);
      this.struck.push({ name: fault.name, from, to: Date.now() });
    }
  }

  private pick(): Fault {
    let left = this.random() * FAULTS.reduce((sum, { weight }) => sum + weight, 0);
    for (const fault of FAULTS) {
      left -= fault.weight;
      if (left < 0) return fault;
    }
    throw new Error('there are no faults');
  }
}
