import { aTimer } from '../testing/scheduler-world';
import { PartitionTimers } from './partition.timers';

const LOOK_AHEAD = { windowMs: 1_000, pageSize: 4 };

describe('PartitionTimers', () => {
  const ids = (timers: PartitionTimers, nowMs = Infinity) => timers.takeDue(nowMs, 100).map(({ id }) => id);
  const loaded = (rows: ReturnType<typeof aTimer>[], nowMs = 0) => {
    const timers = new PartitionTimers(1, LOOK_AHEAD);
    const page = timers.beginLoad(nowMs);
    timers.endLoad(page, rows);
    return timers;
  };

  it('keeps what is set during a read that may have missed it (P1)', () => {
    const timers = new PartitionTimers(1, LOOK_AHEAD);
    const page = timers.beginLoad(0);
    expect(timers.set(aTimer('a', 999))).toBe(true);
    expect(timers.set(aTimer('far', 1_000))).toBe(false);
    timers.endLoad(page, []);
    expect(ids(timers)).toEqual(['a']);
  });

  it('knows that a full page may have missed some that are due together with its last (P1)', () => {
    const timers = loaded([aTimer('a', 1), aTimer('b', 5), aTimer('c', 5), aTimer('d', 5)]);
    expect(timers.set(aTimer('e', 5))).toBe(false);
    expect(timers.set(aTimer('f', 4))).toBe(true);
    expect(timers.loadAtMs).toBe(5);
  });

  it('reads on when a full page is used up, and not at all when nothing can be got rid of', () => {
    const timers = loaded(Array.from({ length: 4 }, (_, n) => aTimer(`t${n}`, n)));
    expect(timers.loadAtMs).toBe(3);
    timers.forget(['t0', 't1', 't2']);
    expect(timers.loadAtMs).toBe(-Infinity);
    const stuck = loaded(Array.from({ length: 16 }, (_, n) => aTimer(`t${n}`, n)));
    expect(stuck.loadAtMs).toBe(Infinity);
  });

  it('reads the next window when half of it is over', () => {
    expect(loaded([], 5_000).loadAtMs).toBe(5_500);
  });

  it('does not bring back what was removed while it was read (P2)', () => {
    const timers = loaded([aTimer('a', 1), aTimer('b', 2)]);
    const page = timers.beginLoad(0);
    timers.forget(['a']);
    timers.endLoad(page, [aTimer('a', 1), aTimer('b', 2)]);
    expect(ids(timers)).toEqual(['b']);
  });

  it('brings back what was removed and then set again', () => {
    const timers = loaded([aTimer('a', 1)]);
    const page = timers.beginLoad(0);
    timers.forget(['a']);
    timers.set(aTimer('a', 3));
    timers.endLoad(page, [aTimer('a', 3)]);
    expect(ids(timers)).toEqual(['a']);
  });

  it('hands a timer out once, until it is handed back (P2)', () => {
    const timers = loaded([aTimer('a', 1)]);
    const [row = aTimer('none', 0)] = timers.takeDue(1, 100);
    timers.endLoad(timers.beginLoad(0), [row]);
    expect(ids(timers)).toEqual([]);
    timers.handBack(row, 10);
    timers.endLoad(timers.beginLoad(0), [row]);
    expect(timers.nextDueAtMs).toBe(10);
    expect(ids(timers, 9)).toEqual([]);
    expect(ids(timers, 10)).toEqual(['a']);
  });

  it('asks no more about what was answered, whatever is read (P2)', () => {
    const timers = loaded([aTimer('a', 1)]);
    timers.takeDue(1, 1);
    timers.answered('a');
    timers.endLoad(timers.beginLoad(0), [aTimer('a', 1)]);
    expect([ids(timers), timers.knownCount]).toEqual([[], 1]);
    timers.forget(['a']);
    expect(timers.knownCount).toBe(0);
  });

  it('keeps cancelled what was cancelled while it was asked about (P3)', () => {
    const timers = loaded([aTimer('a', 1)]);
    const [row = aTimer('none', 0)] = timers.takeDue(1, 1);
    timers.forget(['a']);
    timers.handBack(row, 2);
    expect(ids(timers)).toEqual([]);
  });

  it('moves a timer that is set anew', () => {
    const timers = loaded([aTimer('a', 1)]);
    timers.set(aTimer('a', 500));
    expect(ids(timers, 499)).toEqual([]);
    expect(ids(timers, 500)).toEqual(['a']);
  });

  it('knows as much as before when a read fails', () => {
    const timers = loaded([aTimer('a', 1)]);
    timers.beginLoad(700);
    timers.failLoad();
    expect(timers.isLoaded).toBe(true);
    expect(timers.set(aTimer('b', 1_500))).toBe(false);
    expect(timers.set(aTimer('c', 900))).toBe(true);
  });
});
