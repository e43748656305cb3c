import { type Clock, PARTITIONS } from '@stepwell/core';
import fc from 'fast-check';
import { MemoryData } from '../memory/memory-data';
import { MemoryMemberDriver } from '../memory/memory.member-driver';
import { SILENT_LOGGER } from '../store-logger';
import { SettableClock } from '../testing/test-clocks';
import { type Holdings, LeasedMembership } from './leased.membership';
import type { MemberDriver } from './member-driver';
import { rendezvousOwners } from './rendezvous';

/**
 * M2 under everything that can happen to processes and networks, in simulated time: clocks of different rates, calls that are late,
 * lost on the way or answered to nobody, late writes, processes that stand still, die, come back or leave. At every moment each
 * partition has at most one member that holds it and whose lease is valid.
 */

interface Faults {
  /** How many requests, and how many answers, are lost; as many requests arrive long after their sender gave up. */
  lossRate: number;
  readonly latencyMs: number;
  /** When a caller gives up. */
  readonly patienceMs: number;
}

class Simulation {
  nowMs = 0;
  private readonly agenda: { atMs: number; order: number; run: () => void }[] = [];
  private ordered = 0;

  at(atMs: number, run: () => void): () => void {
    const item = { atMs, order: (this.ordered += 1), run };
    this.agenda.push(item);
    return () => {
      const index = this.agenda.indexOf(item);
      if (index >= 0) this.agenda.splice(index, 1);
    };
  }

  async run(untilMs: number, check: () => void): Promise<void> {
    for (;;) {
      this.agenda.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const [next] = this.agenda;
      if (next === undefined || next.atMs > untilMs) return;
      this.agenda.shift();
      this.nowMs = next.atMs;
      next.run();
      await new Promise((resolve) => setImmediate(resolve));
      check();
    }
  }
}

/** One process: its clock may run a little fast or slow, and it can stand still. */
class Process implements Holdings {
  readonly membership: LeasedMembership;
  readonly holding = new Set<number>();
  private pausedUntilMs = 0;
  private dead = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly simulation: Simulation,
    private readonly random: () => number,
    readonly name: string,
    shared: MemberDriver,
    rate: number,
    faults: Readonly<Faults>,
    supersede: boolean,
  ) {
    const clock: Clock = {
      nowMs: () => simulation.nowMs,
      monotonicMs: () => simulation.nowMs * rate,
      after: (delayMs, callback) => this.timer(delayMs / rate, callback),
    };
    const driver = this.overNetwork(shared, faults);
    this.membership = new LeasedMembership('r', { memberId: name, supersede }, driver, clock, this, SILENT_LOGGER);
    this.membership.onChange(() => {
      this.follow();
    });
  }

  held(): ReadonlySet<number> {
    return new Set(this.holding);
  }

  onLetGo(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  abandon(): void {
    this.holding.clear();
  }

  /** Would answer a read of this partition now, if asked: also while it stands still, for the next instruction would. */
  answersFor(partition: number): boolean {
    return !this.dead && this.holding.has(partition) && this.membership.leaseIsValid();
  }

  pause(forMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.simulation.nowMs + forMs);
  }

  kill(): void {
    this.dead = true;
  }

  /** What a run-state does: claims what is assigned, hands over what isn't, in its own time. */
  private follow(): void {
    for (const partition of this.membership.assigned()) this.holding.add(partition);
    for (const partition of this.holding) {
      if (this.membership.assigned().has(partition)) continue;
      this.timer(this.random() * 3_000, () => {
        if (this.membership.assigned().has(partition) || !this.holding.delete(partition)) return;
        for (const listener of this.listeners) listener();
      });
    }
  }

  /** A callback of this process: waits until it runs again, never comes if it is dead. */
  private timer(delayMs: number, callback: () => void): () => void {
    let cancel = this.simulation.at(this.simulation.nowMs + delayMs, () => {
      if (this.dead) return;
      const restMs = this.pausedUntilMs - this.simulation.nowMs;
      if (restMs > 0) cancel = this.timer(restMs, callback);
      else callback();
    });
    return () => {
      cancel();
    };
  }

  private overNetwork(shared: MemberDriver, faults: Readonly<Faults>): MemberDriver {
    const call = <T>(operate: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const { simulation, random } = this;
        const { lossRate, latencyMs, patienceMs } = faults;
        const slow = random() < lossRate;
        const sendMs = random() * (slow ? 25_000 : latencyMs);
        const fail = this.timer(patienceMs, () => {
          reject(new Error('no answer'));
        });
        if (random() < lossRate) return;
        simulation.at(simulation.nowMs + sendMs, () => {
          void operate().then((answer) => {
            if (random() < faults.lossRate) return;
            this.timer(random() * latencyMs, () => {
              fail();
              resolve(answer);
            });
          });
        });
      });
    return {
      list: (role) => call(() => shared.list(role)),
      join: (role, document, replaced) => call(() => shared.join(role, document, replaced)),
      renew: (role, document) => call(() => shared.renew(role, document)),
      remove: (role, memberId, only) => call(() => shared.remove(role, memberId, only)),
    };
  }
}

describe('membership', () => {
  it('M1 M2 M3: never two members that may answer for a partition, and in the end exactly one', async () => {
    const happening = fc.record({
      afterMs: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 9_000 })),
      who: fc.nat(4),
      what: fc.constantFrom<('pause' | 'kill' | 'restart' | 'stop' | 'start')[]>(
        'pause',
        'kill',
        'restart',
        'stop',
        'start',
      ),
      forMs: fc.integer({ min: 0, max: 30_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 5, maxLength: 25 }),
        fc.record({
          lossRate: fc.constantFrom(0, 0.02, 0.15),
          latencyMs: fc.constantFrom(5, 50, 500),
          patienceMs: fc.constantFrom(2_000, 10_000),
        }),
        fc.integer({ min: 1, max: 2 ** 31 }),
        async (happenings, faults: Faults, seed) => {
          const simulation = new Simulation();
          const random = randomFrom(seed);
          const shared = new MemoryMemberDriver(new MemoryData());
          const processes: (Process | undefined)[] = [];
          const all: Process[] = [];
          const begin = (who: number, supersede: boolean): void => {
            const rate = 0.96 + random() * 0.08;
            const begun = new Process(simulation, random, `m${who}`, shared, rate, faults, supersede);
            processes[who] = begun;
            all.push(begun);
            void begun.membership.start();
          };
          begin(0, false);
          let atMs = 0;
          for (const { afterMs, who, what, forMs } of happenings) {
            atMs += afterMs;
            simulation.at(atMs, () => {
              const present = processes[who];
              if (present === undefined) {
                if (what === 'start') begin(who, false);
                return;
              }
              if (what === 'pause') present.pause(forMs);
              if (what === 'stop') void present.membership.stop();
              if (what === 'kill' || what === 'restart') present.kill();
              if (what === 'stop' || what === 'kill') processes[who] = undefined;
              if (what === 'restart') begin(who, true);
            });
          }
          const answering = (partition: number) => all.filter((process) => process.answersFor(partition));
          const check = (): void => {
            for (let partition = 0; partition < PARTITIONS; partition += 1) {
              const names = answering(partition).map(({ name }) => name);
              if (names.length > 1) throw new Error(`${simulation.nowMs} ms: ${partition} has ${names.join(' and ')}`);
            }
          };
          await simulation.run(atMs, check);
          faults.lossRate = 0;
          await simulation.run(atMs + 120_000, check);
          const living = processes.filter((process) => process !== undefined);
          const owners = Array.from({ length: PARTITIONS }, (_, p) => answering(p).length);
          expect(owners).toEqual(Array(PARTITIONS).fill(living.length === 0 ? 0 : 1));
          for (const { membership } of living) expect(membership.members()).toHaveLength(living.length);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  it('M2 publishes again what it reckons by, when it cannot know what the others see', async () => {
    const shared = new MemoryMemberDriver(new MemoryData());
    const clock = new SettableClock();
    const holdings: Holdings = { held: () => new Set(), onLetGo: () => () => undefined, abandon: () => undefined };
    const renewed: string[] = [];
    let answersAreLost = false;
    const driver: MemberDriver = {
      list: (role) => shared.list(role),
      join: (...place) => shared.join(...place),
      remove: (...place) => shared.remove(...place),
      renew: async (role, document) => {
        await shared.renew(role, document);
        renewed.push(document.view.join());
        if (answersAreLost) throw new Error('no answer');
        return true;
      },
    };
    const pollMs = 5;
    const membership = new LeasedMembership(
      'r',
      { memberId: 'a', pollMs, leaseMs: 3_600_000 },
      driver,
      clock,
      holdings,
      SILENT_LOGGER,
    );
    const renewals = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setInterval(() => {
          if (renewed.length < count) return;
          clearInterval(timer);
          resolve();
        }, 1).unref();
      });
    await membership.start();
    await renewals(1);
    answersAreLost = true;
    await shared.join('r', { memberId: 'b', incarnation: 'x', beat: 1, view: [], holds: [] }, undefined);
    await renewals(2);
    await shared.remove('r', 'b');
    await renewals(renewed.length + 2);
    answersAreLost = false;
    await renewals(renewed.length + 1);
    await membership.stop();
    expect([renewed[0], renewed[1], renewed.at(-1)]).toEqual(['a', 'a,b', 'a']);
  });

  it('moves only the share of who comes or goes', () => {
    const before = rendezvousOwners(['a', 'b', 'c']);
    const after = rendezvousOwners(['c', 'a']);
    for (const [partition, owner] of before.entries()) if (owner !== 'b') expect(after[partition]).toBe(owner);
    expect(new Set(after)).toEqual(new Set(['a', 'c']));
    expect(rendezvousOwners([])).toEqual(Array(PARTITIONS).fill(undefined));
  });

  it('is the same reckoning for ever: processes of different releases must agree', () => {
    expect(rendezvousOwners(['a', 'b', 'c']).join('')).toMatchInlineSnapshot(
      `"acbacbaaaacbcbbcabbbbbcbcbcaacabcccacbabbabcbababbaaabcaaababaaa"`,
    );
  });
});

/** Small, seeded, good enough to shuffle with. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
