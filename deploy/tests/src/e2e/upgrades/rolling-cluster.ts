import type { ServiceName } from '@stepwell/core';
import { freePort } from '@stepwell/platform';
import { ROLES } from '../../chaos/cluster';
import type { FleetMember, ServiceFleet } from '../service-fleet';
import type { Build } from './build';
import type { ReadyFront } from './ready-front';

/** Of a gateway: long enough for the front to notice, and for open connections to be used once more. */
const SHUTDOWN_DELAY = '3s';

/** Those that are a StatefulSet (deploy/k8s): one ends, its successor has its name. Of the others the new one is there before. */
const NAMED: readonly ServiceName[] = ['run-state', 'scheduler'];

/** As many processes of each service as wanted, and what Kubernetes does with them when their image changes. */
export class RollingCluster {
  private readonly members = new Map<ServiceName, FleetMember[]>();
  /** How each ended that was replaced. */
  readonly exitCodes: (number | null)[] = [];

  constructor(
    private readonly fleet: ServiceFleet,
    private readonly front: ReadyFront,
    private readonly size: number,
  ) {}

  async start(build: Build): Promise<void> {
    await Promise.all(
      ROLES.map(async (role) => {
        const places = Array.from({ length: this.size }, (_, place) => place);
        this.members.set(role, await Promise.all(places.map((place) => this.begin(role, place, build))));
      }),
    );
  }

  /** All five services at once, as `kubectl apply` does; of each service one process after the other. */
  async rollTo(build: Build): Promise<void> {
    await Promise.all(
      ROLES.map(async (role) => {
        const members = this.members.get(role) ?? [];
        for (const [place, old] of members.entries()) {
          if (NAMED.includes(role)) await this.end(old);
          members[place] = await this.begin(role, place, build);
          if (!NAMED.includes(role)) await this.end(old);
        }
      }),
    );
  }

  private async begin(role: ServiceName, place: number, { cli }: Build): Promise<FleetMember> {
    if (role === 'gateway') {
      const port = await freePort();
      const gateway = this.fleet.add(role, {
        cli,
        env: { STEPWELL_GATEWAY_PORT: String(port), STEPWELL_SHUTDOWN_DELAY: SHUTDOWN_DELAY },
      });
      await this.front.add(gateway, port);
      return gateway;
    }
    const named = NAMED.includes(role) ? { STEPWELL_MEMBER_NAME: `${role}-${place}` } : {};
    const member = this.fleet.add(role, { cli, env: named });
    await member.ready();
    return member;
  }

  private async end(member: FleetMember): Promise<void> {
    const ended = member.end('SIGTERM');
    this.front.leave(member);
    this.exitCodes.push(await ended);
  }
}
