import type { BrittleServer } from '../servers/brittle.server';
import type { Servers } from '../servers/servers';
import type { Fault, Victims } from './fault';
import { paused, restarted } from './fault';

/* What goes wrong with MongoDB's and NATS's processes, and with what NATS remembers. */

const SECOND_MS = 1_000;

const ofServer = (name: 'mongod' | 'nats', serverOf: (victims: Victims) => Promise<BrittleServer>): Fault[] => [
  {
    name: `SIGKILL ${name}`,
    kind: 'kill',
    hits: [name],
    weight: 2,
    strike: async (victims) => restarted(victims, await serverOf(victims)),
  },
  {
    name: `${name} stalls for a second`,
    kind: 'stall',
    hits: [name],
    weight: 1,
    strike: async (victims) => paused((await serverOf(victims)).pid, SECOND_MS),
  },
];

function wipe(name: string, weight: number, meanwhile: (servers: Servers) => Promise<void>): Fault {
  return {
    name,
    kind: 'wipe',
    hits: ['nats'],
    weight,
    strike: async (victims) => {
      victims.tally.wiped += 1;
      await restarted(victims, victims.servers.nats, () => meanwhile(victims.servers));
    },
  };
}

export const SERVER_FAULTS: readonly Fault[] = [
  ...ofServer('mongod', ({ servers }) => servers.mongods.primary()),
  ...ofServer('nats', ({ servers }) => Promise.resolve(servers.nats)),
  wipe('nats forgets everything', 2, (servers) => servers.forgetNats()),
  wipe('nats is copied, or set back to its copy', 3, (servers) =>
    servers.hasCopyOfNats ? servers.setNatsBack() : servers.copyNats(),
  ),
  {
    name: 'SIGKILL mongod and nats at once, nats forgets everything',
    kind: 'wipe',
    hits: ['mongod', 'nats'],
    weight: 1,
    strike: async (victims) => {
      const { servers, tally } = victims;
      tally.wiped += 1;
      const mongod = await servers.mongods.primary();
      const forgotten = restarted(victims, servers.nats, () => servers.forgetNats());
      await Promise.all([forgotten, restarted(victims, mongod)]);
    },
  },
];
