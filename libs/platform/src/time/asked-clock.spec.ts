import { type Bus, message, NobodyAnswered } from '@stepwell/core';
import { askedClock } from './asked-clock';
import { TestClock } from './test-clock';

const MINUTE_MS = 60_000;
const PRIMARY_MS = Date.UTC(2030, 0, 1);

describe('the time that a service without a store keeps', () => {
  let own: TestClock;
  let primaryMs: number | undefined;
  let asked: number;
  const bus = {
    ask: () => {
      asked += 1;
      return primaryMs === undefined
        ? Promise.reject(new NobodyAnswered('ReadTime', 'partition 0', 1))
        : Promise.resolve(message({ nowMs: primaryMs + own.monotonicMs() }));
    },
  } as unknown as Pick<Bus, 'ask'>;

  beforeEach(() => {
    own = new TestClock();
    primaryMs = PRIMARY_MS;
    asked = 0;
  });

  it("is the primary's, whatever its own clock is set to meanwhile", async () => {
    const clock = askedClock(bus, own);
    await clock.start();
    expect(clock.nowMs()).toBe(PRIMARY_MS);
    own.jumpWallClock(-60 * MINUTE_MS);
    await own.advance(1_000);
    expect(clock.nowMs()).toBe(PRIMARY_MS + 1_000);
    own.jumpWallClock(24 * 60 * MINUTE_MS);
    expect(clock.nowMs()).toBe(PRIMARY_MS + 1_000);
    clock.stop();
  });

  it('is asked for again now and then, and carried on while nobody answers', async () => {
    const clock = askedClock(bus, own);
    await clock.start();
    primaryMs = undefined;
    await own.advance(MINUTE_MS);
    expect(asked).toBe(3);
    expect(clock.nowMs()).toBe(PRIMARY_MS + MINUTE_MS);
    clock.stop();
  });

  it('is its own until somebody has answered, who is asked again soon', async () => {
    primaryMs = undefined;
    const clock = askedClock(bus, own);
    await clock.start();
    expect(clock.nowMs()).toBe(own.nowMs());
    primaryMs = PRIMARY_MS;
    await own.advance(1_000);
    expect(clock.nowMs()).toBe(PRIMARY_MS + 1_000);
    clock.stop();
  });
});
