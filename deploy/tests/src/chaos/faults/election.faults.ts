import { setTimeout as delay } from 'node:timers/promises';
import { stepDown } from '../servers/replica-set';
import type { Fault } from './fault';
import { between, paused } from './fault';

/* What a replica set of three goes through: its primary is another one afterwards, or was never gone and only not heard of. */

/** Longer than an election takes. */
const UNTIL_REPLACED = { least: 1_000, most: 8_000 };

export const ELECTION_FAULTS: readonly Fault[] = [
  {
    name: 'the primary steps down',
    kind: 'election',
    hits: ['mongod'],
    weight: 3,
    strike: async ({ servers }, random) => {
      const primary = await servers.mongods.primary();
      await stepDown(primary.port, between(random, 1, 10)).catch(() => undefined);
      await servers.mongods.primary();
    },
  },
  {
    name: 'the primary is killed and comes back after the election',
    kind: 'election',
    hits: ['mongod'],
    weight: 3,
    strike: async ({ servers, tally }) => {
      const primary = await servers.mongods.primary();
      tally.killed += 1;
      await primary.kill();
      await servers.mongods.primary();
      await primary.start();
    },
  },
  {
    // It reaches the others and is reached by nobody.
    name: 'the primary is cut off',
    kind: 'election',
    hits: ['mongod'],
    weight: 3,
    strike: async ({ servers }, random) => {
      const { proxy } = await servers.mongods.primary();
      proxy.cut();
      await delay(between(random, UNTIL_REPLACED.least, UNTIL_REPLACED.most));
      proxy.resume();
      await servers.mongods.primary();
    },
  },
  {
    name: 'the primary stands still until it is replaced',
    kind: 'election',
    hits: ['mongod'],
    weight: 2,
    strike: async ({ servers }, random) => {
      const { pid } = await servers.mongods.primary();
      await paused(pid, between(random, UNTIL_REPLACED.least, UNTIL_REPLACED.most));
      await servers.mongods.primary();
    },
  },
  {
    name: 'a secondary is cut off',
    kind: 'election',
    hits: ['mongod'],
    weight: 1,
    strike: async ({ servers }, random) => {
      const primary = await servers.mongods.primary();
      const secondary = servers.mongods.members.find((member) => member !== primary);
      secondary?.proxy.cut();
      await delay(between(random, UNTIL_REPLACED.least, UNTIL_REPLACED.most));
      secondary?.proxy.resume();
    },
  },
];
