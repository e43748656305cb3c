import type { Membership, TimerRow } from '@stepwell/core';
import { Silence } from '@stepwell/core';
import { aTimer, FakeRows, SchedulerWorld } from '../testing/scheduler-world';
import type { TimerEngine } from './timer.engine';
import { TimerOwner } from './timer.owner';

class FakeMembership implements Membership {
  readonly memberId = 'one';
  lease = true;
  joined = false;
  private partitions = new Set<number>();
  private readonly listeners = new Set<() => void>();

  start(): Promise<void> {
    this.joined = true;
    return Promise.resolve();
  }
  stop(): Promise<void> {
    this.joined = false;
    return Promise.resolve();
  }
  assigned(): ReadonlySet<number> {
    return this.partitions;
  }
  members(): readonly string[] {
    return [this.memberId];
  }
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  leaseIsValid(): boolean {
    return this.lease;
  }
  assign(...partitions: number[]): void {
    this.partitions = new Set(partitions);
    for (const listener of this.listeners) listener();
  }
}

/** A store whose next write waits until it is let through. */
class SlowRows extends FakeRows {
  private release: () => void = () => undefined;
  private gate = Promise.resolve();

  hold(): () => void {
    this.gate = new Promise((resolve) => {
      this.release = resolve;
    });
    return () => this.release();
  }

  override async put(timers: readonly TimerRow[]): Promise<void> {
    await this.gate;
    await super.put(timers);
  }

  override async remove(ids: readonly string[]): Promise<void> {
    await this.gate;
    await super.remove(ids);
  }
}

describe('TimerOwner', () => {
  let world: SchedulerWorld;
  let rows: SlowRows;
  let membership: FakeMembership;
  let served: number[][];
  let engine: TimerEngine;
  let owner: TimerOwner;

  beforeEach(async () => {
    rows = new SlowRows();
    world = new SchedulerWorld(rows);
    membership = new FakeMembership();
    served = [];
    engine = world.engine();
    const bus = {
      serve: (_owner: string, partitions: ReadonlySet<number>) => {
        served.push([...partitions]);
        return Promise.resolve();
      },
    };
    owner = new TimerOwner(rows, membership, bus, engine, { error: () => undefined });
    await owner.start();
    membership.assign(1, 2);
    await world.clock.advance(0);
  });

  const soon = () => world.clock.nowMs() + 100;

  it('serves what it is assigned', async () => {
    membership.assign(2, 3);
    await world.clock.advance(0);
    expect(served).toEqual([[], [1, 2], [2, 3]]);
    expect(engine.partitions.toSorted()).toEqual([2, 3]);
  });

  it('answers after the store has it, and asks when it is due', async () => {
    const release = rows.hold();
    let isAnswered = false;
    const answered = owner.set([aTimer('a', soon())]).then(() => (isAnswered = true));
    await world.clock.advance(10);
    expect([isAnswered, rows.stored.size]).toEqual([false, 0]);
    release();
    await answered;
    expect(rows.stored.size).toBe(1);
    await world.clock.advance(100);
    expect(world.askedIds).toEqual(['a']);
  });

  it('does not answer when the store fails', async () => {
    rows.failing.add('put');
    await expect(owner.set([aTimer('a', soon())])).rejects.toThrow('store is down');
  });

  it.each([
    ['lost the partition', () => membership.assign(2)],
    ['lost its lease', () => (membership.lease = false)],
  ])('keeps silent when it %s, before or during the write (1)', async (_what, lose) => {
    const release = rows.hold();
    const set = expect(owner.set([aTimer('a', soon())])).rejects.toThrow(Silence);
    const cancelled = expect(owner.cancel(1, ['b'])).rejects.toThrow(Silence);
    await world.clock.advance(0);
    lose();
    release();
    await Promise.all([set, cancelled]);
    await expect(owner.set([aTimer('a', soon())])).rejects.toThrow(Silence);
    await expect(owner.cancel(1, ['a'])).rejects.toThrow(Silence);
  });

  it('cancels in memory and in the store', async () => {
    await owner.set([aTimer('a', soon())]);
    await owner.cancel(1, ['a']);
    await world.clock.advance(1_000);
    expect([world.asked, rows.stored.size]).toEqual([[], 0]);
  });

  it('hands over when it stops', async () => {
    await owner.set([aTimer('a', soon())]);
    await owner.stop();
    await world.clock.advance(1_000);
    expect([world.asked, served.at(-1), membership.joined, rows.stored.size]).toEqual([[], [], false, 1]);
  });
});
