import { type Membership, PARTITIONS } from '@stepwell/core';
import type { Store } from '../store';
import { PATIENCE, type StoreFixture } from './log-fixture';
import { FreezableClock } from './test-clocks';

const ROLE = 'run-state';
const FAST = { leaseMs: 2_000, renewMs: 250, pollMs: 50 };

/** Membership and hand-over between living processes (architecture.md L2). */
export function describeMembership(fixture: () => StoreFixture): void {
  const started: Membership[] = [];
  const join = async (
    memberId: string,
    options: { supersede?: boolean; store?: Store } = {},
  ): Promise<{ member: Membership; store: Store }> => {
    const store = options.store ?? (await fixture().open());
    const member = store.membership(ROLE, { memberId, supersede: options.supersede ?? false, ...FAST });
    started.push(member);
    await member.start();
    return { member, store };
  };
  afterEach(async () => {
    await Promise.all(started.splice(0).map((member) => member.stop()));
  });

  it('gives a lone member everything, and takes it when it stops', async () => {
    const { member } = await join('a');
    await until(member, () => member.assigned().size === PARTITIONS);
    expect([member.leaseIsValid(), member.members()]).toEqual([true, ['a']]);
    await member.stop();
    expect([member.leaseIsValid(), member.assigned().size, member.members()]).toEqual([false, 0, []]);
  });

  it('shares without overlap, and everyone reckons the same', async () => {
    const members = await Promise.all(['a', 'b', 'c'].map(async (memberId) => (await join(memberId)).member));
    const total = () => members.reduce((sum, member) => sum + member.assigned().size, 0);
    const shared = () => total() === PARTITIONS && members.every((member) => member.members().length === 3);
    await Promise.all(members.map((member) => until(member, shared)));
    const all = new Set(members.flatMap((member) => [...member.assigned()]));
    expect(all.size).toBe(PARTITIONS);
    expect(members.map((member) => member.members())).toEqual(Array(3).fill(['a', 'b', 'c']));
    expect(Math.min(...members.map((member) => member.assigned().size))).toBeGreaterThan(5);
  });

  it('hands a partition over only when it was let go', async () => {
    const { member: a, store } = await join('a');
    await until(a, () => a.assigned().size === PARTITIONS);
    const held = await Promise.all([...a.assigned()].map((partition) => store.log.claim(partition, PATIENCE)));
    const { member: b } = await join('b');
    await until(a, () => a.assigned().size < PARTITIONS);
    const moving = held.filter(({ partition }) => !a.assigned().has(partition));
    // Two rounds of the other one: it has seen that these are free by reckoning, and held all the same.
    await until(b, () => b.members().length === 2);
    await pause(4 * FAST.pollMs);
    expect(b.assigned().size).toBe(0);
    await moving[0]?.release();
    await until(b, () => b.assigned().size === 1);
    expect([...b.assigned()]).toEqual([moving[0]?.partition]);
    await Promise.all(moving.map((tenure) => tenure.release()));
    await until(b, () => b.assigned().size === moving.length);
    expect(a.leaseIsValid() && b.leaseIsValid()).toBe(true);
  });

  it('frees everything at once when a member stops', async () => {
    const { member: a } = await join('a');
    const { member: b } = await join('b');
    await until(b, () => a.assigned().size + b.assigned().size === PARTITIONS && b.assigned().size > 0);
    const stoppedAt = performance.now();
    await a.stop();
    await until(b, () => b.assigned().size === PARTITIONS);
    expect(performance.now() - stoppedAt).toBeLessThan(FAST.leaseMs);
  });

  it('waits for the lease of a member that went silent, and that one stops answering first', async () => {
    const clock = new FreezableClock();
    const { member: a } = await join('a', { store: await fixture().open(clock) });
    const { member: b } = await join('b');
    await until(b, () => b.members().length === 2);
    clock.freeze();
    const validWhenTaken = await new Promise<boolean>((resolve) => {
      b.onChange(() => {
        if (b.assigned().size === PARTITIONS) resolve(a.leaseIsValid());
      });
    });
    expect(validWhenTaken).toBe(false);
  });

  it('takes the place of its former self at once where that is sure to be gone', async () => {
    const clock = new FreezableClock();
    const { member: former } = await join('a', { store: await fixture().open(clock) });
    await until(former, () => former.assigned().size === PARTITIONS);
    clock.freeze();
    const startedAt = performance.now();
    const { member } = await join('a', { supersede: true });
    await until(member, () => member.assigned().size === PARTITIONS);
    expect(performance.now() - startedAt).toBeLessThan(FAST.leaseMs);
  });

  it('waits for a namesake that may still live', async () => {
    const clock = new FreezableClock();
    const { member: former } = await join('a', { store: await fixture().open(clock) });
    clock.freeze();
    const startedAt = performance.now();
    await join('a');
    expect(performance.now() - startedAt).toBeGreaterThan(FAST.leaseMs);
    expect(former.leaseIsValid()).toBe(false);
  });

  it('stops answering when it is superseded, and drops what it held', async () => {
    const { member: former, store } = await join('a');
    await until(former, () => former.assigned().size === PARTITIONS);
    const tenure = await store.log.claim(5, PATIENCE);
    const { member } = await join('a', { supersede: true });
    await until(former, () => !former.leaseIsValid());
    expect([former.assigned().size, tenure.lost.aborted]).toEqual([0, true]);
    await until(member, () => member.assigned().size === PARTITIONS);
    expect([former.leaseIsValid(), member.leaseIsValid()]).toEqual([false, true]);
  });

  it('frees a member that its parent saw exit; one removed by mistake comes back', async () => {
    const clock = new FreezableClock();
    await join('a', { store: await fixture().open(clock) });
    const { member: b, store } = await join('b');
    await until(b, () => b.members().length === 2);
    clock.freeze();
    // A round under way would find itself removed, and come back.
    await pause(4 * FAST.pollMs);
    const removedAt = performance.now();
    await store.removeMember(ROLE, 'a');
    await until(b, () => b.assigned().size === PARTITIONS);
    expect(performance.now() - removedAt).toBeLessThan(FAST.leaseMs);
    const tenure = await store.log.claim(5, PATIENCE);
    await store.removeMember(ROLE, 'b');
    await until(b, () => tenure.lost.aborted);
    await until(b, () => b.leaseIsValid() && b.assigned().size === PARTITIONS);
  });

  it('M3 lets nothing late or outdated change a document', async () => {
    const { members } = fixture();
    const document = (beat: number, incarnation = 'x') => ({
      memberId: 'm',
      incarnation,
      beat,
      view: ['m'],
      holds: [3],
    });
    expect(await members.join(ROLE, document(1), undefined)).toBe(true);
    expect(await members.join(ROLE, document(1, 'y'), undefined)).toBe(false);
    expect(await members.renew(ROLE, document(3))).toBe(true);
    expect(await members.renew(ROLE, document(2))).toBe(false);
    expect(await members.renew(ROLE, document(4, 'y'))).toBe(false);
    expect(await members.join(ROLE, document(5, 'y'), document(1))).toBe(false);
    expect(await members.remove(ROLE, 'm', { incarnation: 'x', beat: 1 })).toBe(false);
    expect(await members.remove(ROLE, 'm', { incarnation: 'y' })).toBe(false);
    expect(await members.list(ROLE)).toEqual([document(3)]);
    expect(await members.join(ROLE, document(5, 'y'), document(3))).toBe(true);
    expect(await members.renew(ROLE, document(9))).toBe(false);
    expect(await members.remove(ROLE, 'm', { incarnation: 'y', beat: 5 })).toBe(true);
    expect(await members.remove(ROLE, 'm')).toBe(false);
    expect([await members.list(ROLE), await members.list('other')]).toEqual([[], []]);
  });

  it('keeps roles apart', async () => {
    const { member, store } = await join('a');
    const scheduler = store.membership('scheduler', { memberId: 'a', ...FAST });
    started.push(scheduler);
    await scheduler.start();
    await until(scheduler, () => scheduler.assigned().size === PARTITIONS);
    await until(member, () => member.assigned().size === PARTITIONS);
  });
}

/** Rechecks on every change, and between them for what no change tells. */
function until(member: Membership, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!condition()) return;
      stop();
      clearInterval(timer);
      resolve();
    };
    const stop = member.onChange(check);
    const timer = setInterval(check, 10);
    check();
  });
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
