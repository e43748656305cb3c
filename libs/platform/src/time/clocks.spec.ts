import { LONGEST_TIMER_MS, SystemClock } from './system-clock';
import { TestClock } from './test-clock';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('SystemClock', () => {
  it('never calls back early', async () => {
    const clock = new SystemClock();
    for (const delayMs of [0, 0.4, 1, 3.7, 12]) {
      const setAt = clock.monotonicMs();
      await new Promise<void>((resolve) => {
        const keepAlive = setInterval(() => undefined, 5);
        clock.after(delayMs, () => {
          clearInterval(keepAlive);
          resolve();
        });
      });
      expect(clock.monotonicMs() - setAt).toBeGreaterThanOrEqual(delayMs);
    }
  });

  describe('with faked timers', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    it('waits longer than a Node timer can', () => {
      const fired = jest.fn();
      new SystemClock().after(60 * DAY_MS, fired);
      jest.advanceTimersByTime(60 * DAY_MS - 1);
      expect(fired).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(fired).toHaveBeenCalledTimes(1);
    });

    it('cancels, also after a re-armed part', () => {
      const fired = jest.fn();
      const cancel = new SystemClock().after(60 * DAY_MS, fired);
      jest.advanceTimersByTime(LONGEST_TIMER_MS + 1);
      cancel();
      jest.advanceTimersByTime(60 * DAY_MS);
      expect(fired).not.toHaveBeenCalled();
      expect(jest.getTimerCount()).toBe(0);
    });
  });
});

describe('TestClock', () => {
  it('calls back in order, each at its own moment, and what they set in turn', async () => {
    const clock = new TestClock(1_000);
    const seen: [string, number][] = [];
    clock.after(20, () => seen.push(['b', clock.nowMs()]));
    clock.after(10, () => {
      seen.push(['a', clock.nowMs()]);
      clock.after(5, () => seen.push(['a2', clock.nowMs()]));
    });
    clock.after(31, () => seen.push(['late', clock.nowMs()]));
    await clock.advance(30);
    expect(seen).toEqual([
      ['a', 1_010],
      ['a2', 1_015],
      ['b', 1_020],
    ]);
    expect(clock.nowMs()).toBe(1_030);
    expect(clock.pendingTimers).toBe(1);
  });

  it('jumps the wall clock alone', () => {
    const clock = new TestClock(1_000);
    clock.jumpWallClock(-500);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([500, 0]);
  });
});
