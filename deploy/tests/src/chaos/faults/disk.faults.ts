import { setTimeout as delay } from 'node:timers/promises';
import type { BrittleServer } from '../servers/brittle.server';
import type { Fault } from './fault';
import { between, restarted } from './fault';

/* What goes wrong with disks: they are full for a while. */

async function full({ disk }: BrittleServer, forMs: number): Promise<void> {
  try {
    await disk?.fill();
    await delay(forMs);
  } finally {
    disk?.free();
  }
}

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: 'the disk of mongod is full',
    kind: 'disk',
    hits: ['mongod'],
    weight: 1,
    // It ends by itself when it can't write its journal, though it may take its time; it is started again in any case.
    strike: async (victims, random) => {
      const mongod = await victims.servers.mongods.primary();
      await full(mongod, between(random, 1_000, 4_000));
      await restarted(victims, mongod);
    },
  },
  {
    name: 'the disk of nats is full',
    kind: 'disk',
    hits: ['nats'],
    weight: 1,
    // A stream that could not be written to stays frozen until its server is started again.
    strike: async (victims, random) => {
      const { nats } = victims.servers;
      await full(nats, between(random, 1_000, 4_000));
      await restarted(victims, nats);
    },
  },
];
