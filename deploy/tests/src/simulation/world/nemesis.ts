import type { Cluster, Member, Role } from './cluster';
import { ROLES } from './cluster';
import type { World } from './world';

const HOW_MANY: Readonly<Record<Role, number>> = {
  'run-state': 2,
  scheduler: 2,
  'http-caller': 2,
  'event-notifier': 1,
  gateway: 2,
};
/** A process that was killed is back after so long. */
const AWAY_MS = { least: 100, most: 20_000 };
/** Longer than a lease with its margin, and shorter. */
const FROZEN_MS = { least: 500, most: 40_000 };
/** By then somebody else has taken over. */
const ZOMBIE_MS = 14_000;
/** Who holds most is struck most. */
const VICTIMS: Readonly<Record<Role, number>> = {
  'run-state': 4,
  scheduler: 2,
  'http-caller': 2,
  'event-notifier': 1,
  gateway: 1,
};
const GRACE_MS = 15_000;
/** How long the store may not hear from a process that stood still. */
const RECONNECTS_MS = 10_000;

/**
 * What happens to processes: killed and started again, frozen past their lease and continued, replaced by a new one in order; and to
 * the broker's disk. Strikes by the weather, and stops when that clears.
 */
export class Nemesis {
  private started = 0;

  constructor(
    private readonly world: World,
    private readonly cluster: Cluster,
    /** A process of this role goes on after it stood still: the moment in which old knowledge is dangerous. */
    private readonly onThaw: (role: Role) => void,
  ) {}

  begin(): void {
    for (const role of ROLES) {
      for (let place = 0; place < HOW_MANY[role]; place += 1) this.cluster.start(role, `${role}-${place}`, true);
    }
    const { processes, queue } = this.world.weather.now;
    this.every(processes.killEveryMs, () => {
      this.kill();
    });
    this.every(processes.freezeEveryMs, () => {
      this.freeze();
    });
    this.every(processes.replaceEveryMs, () => {
      this.replace();
    });
    this.every(queue.forgetEveryMs, () => {
      this.world.tally.count('queue: broker forgot');
      this.world.trace.tell(`${this.world.time.nowMs} broker forgets`);
      this.cluster.broker.forget();
    });
  }

  /** Everything that stands still goes on, everything that is gone comes back. */
  relent(): void {
    this.isOver = true;
    for (const { process } of this.cluster.members) process.thaw();
  }

  private isOver = false;

  private every(meanMs: number, strike: () => void): void {
    if (meanMs === Infinity) return;
    const { time, chance } = this.world;
    time.after(chance.between(0, 2 * meanMs), () => {
      if (this.isOver) return;
      strike();
      this.every(meanMs, strike);
    });
  }

  private victim(role: Role = this.world.chance.weighted(VICTIMS)): Member | undefined {
    const able = this.cluster.of(role).filter(({ process }) => process.isRunning);
    return able.length === 0 ? undefined : this.world.chance.pick(able);
  }

  private kill(): void {
    const { chance, tally, time, trace } = this.world;
    const victim = this.victim();
    if (!victim) return;
    const { role, process } = victim;
    tally.count(`processes: ${role} killed`);
    trace.tell(`${time.nowMs} kill ${process.name}`);
    process.kill();
    // Half of them come back under their name, as a StatefulSet's pod; the others as somebody else.
    const isSame = chance.happens(0.5);
    time.after(chance.between(AWAY_MS.least, AWAY_MS.most), () => {
      this.cluster.start(role, isSame ? process.name : this.newName(role), isSame);
    });
  }

  private freeze(): void {
    const { chance, tally, time, trace, weather } = this.world;
    const { zombies } = weather.now.processes;
    const victim = this.victim(zombies ? 'run-state' : undefined);
    // Somebody has to be there who takes over.
    if (!victim || (zombies && this.cluster.of('run-state').some(({ process }) => !process.isRunning))) return;
    tally.count(`processes: ${victim.role} frozen`);
    trace.tell(`${time.nowMs} freeze ${victim.process.name}`);
    victim.process.freeze();
    time.after(chance.between(zombies ? ZOMBIE_MS : FROZEN_MS.least, FROZEN_MS.most), () => {
      trace.tell(`${time.nowMs} thaw ${victim.process.name}`);
      victim.process.thaw(chance.happens(0.7) ? chance.between(0, RECONNECTS_MS) : 0, chance.happens(0.5));
      this.onThaw(victim.role);
    });
  }

  /** A rolling update: the new one first. */
  private replace(): void {
    const { chance, tally, time, trace } = this.world;
    const victim = this.victim();
    if (!victim) return;
    tally.count(`processes: ${victim.role} replaced`);
    trace.tell(`${time.nowMs} replace ${victim.process.name}`);
    this.cluster.start(victim.role, this.newName(victim.role));
    const grace = new AbortController();
    time.after(chance.between(1_000, 5_000), () => {
      victim.process.enter(() => {
        victim.process.after(GRACE_MS, () => {
          grace.abort();
        });
        void victim.stop(grace.signal).then(() => {
          victim.process.kill();
        });
      });
      // What doesn't exit is made to.
      time.after(2 * GRACE_MS, () => {
        victim.process.kill();
      });
    });
  }

  private newName(role: Role): string {
    this.started += 1;
    return `${role}-n${this.started}`;
  }
}
