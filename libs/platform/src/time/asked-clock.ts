import { asks, type Bus, type Clock, message, PARTITIONS, PrimaryClock } from '@stepwell/core';

const PATIENCE_MS = 5_000;

/**
 * The primary's time in a service without a store (T2), by asking one that has: what it signs, and how old it takes work to be, must not
 * depend on how its own machine's clock is set.
 */
export function askedClock(bus: Pick<Bus, 'ask'>, own: Clock): PrimaryClock {
  return new PrimaryClock(own, async () => {
    // Whichever: not all of them wait for the same owner.
    const partition = Math.floor(Math.random() * PARTITIONS);
    const { head } = await bus.ask(asks.ReadTime, { partition }, message({}), { patienceMs: PATIENCE_MS });
    return head.nowMs;
  });
}
