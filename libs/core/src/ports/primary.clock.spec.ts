import { PrimaryClock } from './primary.clock';

/** A primary whose clock is right, and a way to it that takes its time. */
class Machine {
  /** True time, unix ms. */
  atMs = 1_000_000;
  /** Of the primary's clock, against the true time. */
  primaryAheadMs = 0;
  private readonly timers: { readonly dueMs: number; readonly callback: () => void }[] = [];
  readonly base = {
    // Hours wrong.
    nowMs: () => this.atMs - 7_200_000,
    monotonicMs: () => this.atMs - 900_000,
    after: (delayMs: number, callback: () => void) => {
      this.timers.push({ dueMs: this.atMs + delayMs, callback });
      return () => undefined;
    },
  };
  wayThereMs = 0;
  wayBackMs = 0;
  asked = 0;

  readonly clock = new PrimaryClock(this.base, () => {
    this.asked += 1;
    this.atMs += this.wayThereMs;
    const answer = this.atMs + this.primaryAheadMs;
    this.atMs += this.wayBackMs;
    return Promise.resolve(answer);
  });

  /** To the next question. */
  async next(): Promise<void> {
    const timer = this.timers.shift();
    if (!timer) throw new Error('nobody is going to ask');
    this.atMs = Math.max(this.atMs, timer.dueMs);
    timer.callback();
    await new Promise((done) => setImmediate(done));
  }
}

/** How far both ends of what it knows are from the truth. */
const errorsOf = ({ clock, atMs }: Machine): [behindMs: number, aheadMs: number] => [
  atMs - clock.nowMs(),
  clock.latestMs() - atMs,
];

describe('the primary’s time', () => {
  it('is the own one until somebody has answered', () => {
    const { clock, base } = new Machine();
    expect([clock.nowMs(), clock.latestMs()]).toEqual([base.nowMs(), base.nowMs()]);
  });

  it('is never ahead, and never later than the latest it may be', async () => {
    const machine = new Machine();
    Object.assign(machine, { wayThereMs: 5, wayBackMs: 300 });
    await machine.clock.start();
    expect(errorsOf(machine)).toEqual([300, 5]);
  });

  it('learns from better answers, and unlearns nothing from worse ones', async () => {
    const machine = new Machine();
    await machine.clock.start();
    expect(errorsOf(machine)).toEqual([0, 0]);
    Object.assign(machine, { wayThereMs: 20, wayBackMs: 400 });
    await machine.next();
    expect(errorsOf(machine)).toEqual([0, 0]);
  });

  it('asks again soon as long as it may be wrong', async () => {
    const machine = new Machine();
    Object.assign(machine, { wayThereMs: 400, wayBackMs: 3_000 });
    await machine.clock.start();
    Object.assign(machine, { wayThereMs: 1, wayBackMs: 1 });
    const before = machine.atMs;
    await machine.next();
    expect(machine.atMs - before).toBeLessThan(2_000);
    expect(errorsOf(machine)).toEqual([1, 1]);
    const fine = machine.atMs;
    await machine.next();
    expect(machine.atMs - fine).toBeGreaterThan(20_000);
  });

  it('takes no word from an answer that took too long, when it knows anything', async () => {
    const machine = new Machine();
    await machine.clock.start();
    Object.assign(machine, { wayBackMs: 5_000, primaryAheadMs: 60_000 });
    await machine.next();
    expect(errorsOf(machine)).toEqual([0, 0]);
  });

  it.each([-60_000, 60_000])('follows a primary whose clock is %d ms from the one before', async (primaryAheadMs) => {
    const machine = new Machine();
    await machine.clock.start();
    Object.assign(machine, { primaryAheadMs, wayThereMs: 2, wayBackMs: 3 });
    await machine.next();
    expect(machine.clock.nowMs()).toBe(machine.atMs + primaryAheadMs - 3);
  });
});
