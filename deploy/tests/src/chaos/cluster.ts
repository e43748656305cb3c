import type { ServiceName } from '@stepwell/core';
import type { FleetMember } from '../e2e/service-fleet';
import type { ServiceFleet } from '../e2e/service-fleet';

export const ROLES = ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier'] as const;

/** Nine processes at once on a machine that has other things to do. */
const READY_WITHIN_MS = 240_000;

/** Services as an orchestrator keeps them: who dies is started again. */
export class Cluster {
  private readonly members = new Map<ServiceName, FleetMember[]>();
  private isOver = false;
  /** How often a process was started, beyond the first of each. */
  restarts = 0;
  /** When nobody listened at the users' door (`Date.now()`): it has one gateway, and a new one takes its time. */
  readonly gatewayAway: { readonly from: number; to: number }[] = [];

  constructor(
    private readonly fleet: ServiceFleet,
    private readonly sizes: Readonly<Record<ServiceName, number>>,
  ) {}

  async start(): Promise<void> {
    this.isOver = false;
    process.once('exit', this.killAll);
    for (const role of ROLES) for (let index = 0; index < this.sizes[role]; index += 1) this.add(role);
    await this.ready();
  }

  membersOf(role: ServiceName): readonly FleetMember[] {
    return this.members.get(role) ?? [];
  }

  /** Resolves when every process that runs now says that it is ready. */
  async ready(): Promise<void> {
    await Promise.all([...this.members.values()].flat().map((member) => member.ready(READY_WITHIN_MS)));
  }

  /** Kills all at once. Nobody is started again, unless the whole is. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.fleet.end();
    process.off('exit', this.killAll);
  }

  /** Whoever keeps them is about to be gone. */
  private readonly killAll = (): void => {
    this.isOver = true;
    for (const { child } of [...this.members.values()].flat()) child.kill('SIGKILL');
  };

  private async noteReturn(): Promise<void> {
    const away = { from: Date.now(), to: Infinity };
    this.gatewayAway.push(away);
    const [gateway] = this.membersOf('gateway');
    await gateway?.ready(READY_WITHIN_MS).catch(() => undefined);
    away.to = Date.now();
  }

  private add(role: ServiceName): void {
    const member = this.fleet.add(role);
    this.members.set(role, [...this.membersOf(role), member]);
    member.child.once('exit', () => {
      this.members.set(
        role,
        this.membersOf(role).filter((each) => each !== member),
      );
      if (this.isOver) return;
      this.restarts += 1;
      this.add(role);
      if (role === 'gateway') void this.noteReturn();
    });
  }
}
