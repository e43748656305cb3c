import { freePort } from '@stepwell/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { ROLES } from '../../chaos/cluster';
import { type FleetMember, ServiceFleet } from '../../e2e/service-fleet';
import type { Topology } from '../../e2e/stepwell-under-test';
import { startServers, type StepwellServers } from '../engines/stepwell.servers';
import { GuardedApp } from './guarded-app';

const PROBE = resolve(__dirname, '../../../src/bench/guards/probe.fixture.cjs');

/** What can be made worse in a process that runs. */
export type Plant = 'computation' | 'garbage' | 'write' | 'message';

/** The product as it is shipped, each of its processes with a probe in it; with an app. */
export class GuardedEngine {
  private constructor(
    readonly topology: Topology,
    readonly app: GuardedApp,
    readonly servers: StepwellServers,
    private readonly folder: string,
    private readonly fleet: ServiceFleet,
    private readonly members: readonly FleetMember[],
  ) {}

  static async start(topology: Topology): Promise<GuardedEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'stepwell-guards-'));
    const servers = await startServers(folder);
    const port = await freePort();
    const fleet = new ServiceFleet(folder, {
      ...servers.settings,
      STEPWELL_GATEWAY_HOST: '127.0.0.1',
      STEPWELL_GATEWAY_PORT: String(port),
    });
    const members = (topology === 'one' ? (['all'] as const) : ROLES).map((role) =>
      fleet.add(role, { nodeArgs: ['--require', PROBE], env: { GUARD_PROBE: join(folder, `${role}.probe`) } }),
    );
    try {
      await fleet.ready();
      const app = await GuardedApp.start(`http://127.0.0.1:${port}`);
      return new GuardedEngine(topology, app, servers, folder, fleet, members);
    } catch (error) {
      await fleet.end();
      await servers.stop();
      throw error;
    }
  }

  /** By name: ours, mongod and nats-server. */
  get pids(): Readonly<Record<string, number>> {
    const servers = this.servers.processes.filter(({ part }) => part === 'engine');
    return Object.fromEntries([
      ...this.members.map(({ role, child }) => [role, child.pid ?? 0] as const),
      ...servers.map(({ name, pid }) => [name, pid] as const),
    ]);
  }

  /** From then on all processes of ours are worse by that. */
  async plant(plant: Plant): Promise<void> {
    for (const { role } of this.members) await this.ask(role, `/plant/${plant}`);
  }

  async beginAllocations(): Promise<void> {
    for (const { role } of this.members) await this.ask(role, '/begin');
  }

  /** Bytes that the heaps of our processes were given since then. */
  async allocatedBytes(): Promise<number> {
    let sum = 0;
    for (const { role } of this.members)
      sum += ((await this.ask(role, '/end')) as { readonly allocatedBytes: number }).allocatedBytes;
    return sum;
  }

  private async ask(role: string, path: string): Promise<unknown> {
    const asked = request({ socketPath: join(this.folder, `${role}.probe`), path });
    const answer = new Promise<unknown>((found, failed) => {
      asked.on('error', failed).on('response', (response) => {
        json(response).then(found, failed);
      });
    });
    asked.end();
    return answer;
  }

  async stop(): Promise<void> {
    await this.app.stop();
    await this.fleet.end();
    await this.servers.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
