import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '@stepwell/core';
import type { FaultProxy } from '@stepwell/testing';
import type { Cluster } from '../cluster';
import type { ProcessClocks } from '../process-clocks';
import type { BrittleServer } from '../servers/brittle.server';
import type { Servers } from '../servers/servers';

/** What faults can be done to. */
export interface Victims {
  readonly cluster: Cluster;
  readonly servers: Servers;
  readonly clocks: ProcessClocks;
  /** Between the engine and the app. */
  readonly endpoint: FaultProxy;
  /** How many processes were killed, and how often NATS lost what it knew. */
  readonly tally: { killed: number; wiped: number };
}

export type FaultKind = 'kill' | 'wipe' | 'stall' | 'network' | 'disk' | 'clock' | 'election' | 'endpoint';

/** Over when its promise is: whoever judges afterwards judges a system that nothing hinders. */
export interface Fault {
  readonly name: string;
  readonly kind: FaultKind;
  /** Who can't do their work meanwhile. */
  readonly hits: readonly (ServiceName | 'mongod' | 'nats' | 'endpoint')[];
  /** How often it is picked, compared with the others. */
  readonly weight: number;
  /** It isn't begun when there is less time than that. */
  readonly takesMs?: number;
  readonly strike: (victims: Victims, random: () => number) => Promise<void>;
}

/** When something hindered the engine (`Date.now()`). */
export interface Disturbance extends Pick<Fault, 'name' | 'kind' | 'hits'> {
  readonly from: number;
  readonly to: number;
}

export const between = (random: () => number, least: number, most: number): number =>
  Math.round(least + random() * (most - least));

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

export async function paused(pid: number | undefined, ms: number): Promise<void> {
  signal(pid, 'SIGSTOP');
  await delay(ms);
  signal(pid, 'SIGCONT');
}

/** Killed, and started again on its data. */
export async function restarted(
  { tally }: Victims,
  server: BrittleServer,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  tally.killed += 1;
  await server.kill();
  await meanwhile();
  await server.start();
}
