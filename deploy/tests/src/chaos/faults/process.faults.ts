import type { ServiceName } from '@stepwell/core';
import { setTimeout as delay } from 'node:timers/promises';
import type { FleetMember } from '../../e2e/service-fleet';
import { ROLES } from '../cluster';
import type { Fault, Victims } from './fault';
import { between, paused } from './fault';

/* What goes wrong with the services' own processes. */

/** A lease is 10 s: after twice that everybody has given up on who stands still. */
const LONGER_THAN_A_LEASE_MS = 21_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Who dies, or the like, is the one that has lived longest. */
const oldest = ({ cluster }: Victims, role: ServiceName): FleetMember | undefined => cluster.membersOf(role)[0];

function kill(victims: Victims, role: ServiceName): void {
  if (oldest(victims, role)?.child.kill('SIGKILL') === true) victims.tally.killed += 1;
}

const ofRole = (role: ServiceName): Fault[] => [
  {
    name: `SIGKILL ${role}`,
    kind: 'kill',
    hits: [role],
    weight: 2,
    strike: async (victims) => {
      kill(victims, role);
      await Promise.resolve();
    },
  },
  {
    name: `SIGTERM ${role}`,
    kind: 'stall',
    hits: [role],
    weight: 1,
    strike: async (victims) => {
      oldest(victims, role)?.child.kill('SIGTERM');
      await Promise.resolve();
    },
  },
  {
    name: `SIGSTOP ${role}, briefly`,
    kind: 'stall',
    hits: [role],
    weight: 1,
    strike: (victims, random) => paused(oldest(victims, role)?.child.pid, between(random, 100, 3_000)),
  },
  {
    name: `the clock of ${role} jumps`,
    kind: 'clock',
    hits: [role],
    weight: 1,
    strike: async (victims, random) => {
      const { clocks } = victims;
      const pid = oldest(victims, role)?.child.pid;
      const byMs = random() < 0.5 ? between(random, MINUTE_MS, HOUR_MS) : between(random, HOUR_MS, 24 * HOUR_MS);
      clocks.shift(pid, random() < 0.5 ? byMs : -byMs);
      await delay(between(random, 500, 5_000));
      clocks.putRight(pid);
      await delay(clocks.noticedAfterMs);
    },
  },
];

export const PROCESS_FAULTS: readonly Fault[] = [
  ...ROLES.flatMap(ofRole),
  ...(['run-state', 'scheduler', 'http-caller'] as const).map((role): Fault => ({
    name: `SIGSTOP ${role} for twice its lease`,
    kind: 'stall',
    hits: [role],
    weight: 0.5,
    takesMs: LONGER_THAN_A_LEASE_MS,
    strike: (victims) => paused(oldest(victims, role)?.child.pid, LONGER_THAN_A_LEASE_MS),
  })),
  {
    name: 'SIGKILL all services at once',
    kind: 'kill',
    hits: ROLES,
    weight: 1,
    strike: async ({ cluster, tally }) => {
      for (const role of ROLES)
        for (const { child } of cluster.membersOf(role)) if (child.kill('SIGKILL')) tally.killed += 1;
      await Promise.resolve();
    },
  },
];
