import type { ServiceName } from '@stepwell/core';
import { freePort } from '@stepwell/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROLES } from '../chaos/cluster';
import { Servers } from '../chaos/servers/servers';
import { BareClient } from '../e2e/races/bare-client';
import type { FleetMember } from '../e2e/service-fleet';
import { ServiceFleet } from '../e2e/service-fleet';

const DATABASE = 'overload';
const MEMORY_METRIC = 'process_resident_memory_bytes';
const LOOK_EVERY_MS = 500;
/** More than the gateway lets wait: a flood must queue there, and not in the client. */
const FLOOD_CONNECTIONS = 6_000;
export const MIB = 1024 * 1024;

/** The five services as processes, with real servers, and how much memory each of them takes. */
export class LoadedFleet {
  private members = new Map<ServiceName, FleetMember>();
  private looking: NodeJS.Timeout | undefined;
  private readonly idle = new Map<ServiceName, number>();
  private readonly peak = new Map<ServiceName, number>();
  /** For what belongs to live runs: starts that wait must not hold it up. */
  readonly live: BareClient;
  private readonly clients: BareClient[] = [];

  private constructor(
    private readonly folder: string,
    private readonly servers: Servers,
    private readonly fleet: ServiceFleet,
    private readonly url: string,
  ) {
    this.live = new BareClient(url);
  }

  /** One whose requests don't wait in it, however many there are. */
  client(): BareClient {
    const client = new BareClient(this.url, FLOOD_CONNECTIONS);
    this.clients.push(client);
    return client;
  }

  static async start(): Promise<LoadedFleet> {
    const folder = mkdtempSync(join(tmpdir(), 'stepwell-overload-'));
    const servers = await Servers.start({ folder, replicas: 1, haveSmallDisks: false });
    const port = await freePort();
    const fleet = new ServiceFleet(folder, {
      ...servers.settings(DATABASE, servers.mongods.judgesUri),
      STEPWELL_GATEWAY_PORT: String(port),
    });
    const loaded = new LoadedFleet(folder, servers, fleet, `http://127.0.0.1:${port}`);
    await loaded.begin();
    await loaded.look(loaded.idle);
    return loaded;
  }

  /** All of ours; the servers stay. */
  async killAll(): Promise<void> {
    clearInterval(this.looking);
    await Promise.all([...this.members.values()].map((member) => member.end('SIGKILL')));
  }

  /** Resolves when all are ready. */
  async begin(): Promise<void> {
    for (const role of ROLES) this.members.set(role, this.fleet.add(role, { env: namedAs(role) }));
    await Promise.all([...this.members.values()].map((member) => member.ready()));
    this.looking = setInterval(() => void this.look(this.peak), LOOK_EVERY_MS);
  }

  /** Most memory that each had since the last question, and as a ratio to when it was idle. */
  async memory(): Promise<{ readonly role: ServiceName; readonly bytes: number; readonly ratio: number }[]> {
    await this.look(this.peak);
    const found = ROLES.map((role) => {
      const bytes = this.peak.get(role) ?? 0;
      return { role, bytes, ratio: bytes / (this.idle.get(role) ?? Infinity) };
    });
    this.peak.clear();
    return found;
  }

  async stop(): Promise<void> {
    clearInterval(this.looking);
    await this.fleet.end();
    await Promise.all([this.live, ...this.clients].map((client) => client.close()));
    await this.servers.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async look(into: Map<ServiceName, number>): Promise<void> {
    for (const [role, member] of this.members) {
      const bytes = await member.metric(MEMORY_METRIC);
      if (bytes !== undefined) into.set(role, Math.max(bytes, into.get(role) ?? 0));
    }
  }
}

/** As in a StatefulSet: who starts under its former name needn't wait for a lease. */
function namedAs(role: ServiceName): NodeJS.ProcessEnv {
  return role === 'run-state' || role === 'scheduler' ? { STEPWELL_MEMBER_NAME: `${role}-0` } : {};
}
