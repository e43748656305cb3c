import fc from 'fast-check';
import { aDeadline, aTimer, DAY_MS, SchedulerWorld } from '../testing/scheduler-world';

const HOUR_MS = 60 * 60 * 1000;
const one = new Set([1]);

describe('TimerEngine', () => {
  let world: SchedulerWorld;
  let now: number;
  beforeEach(() => {
    world = new SchedulerWorld();
    now = world.clock.nowMs();
  });

  const store = async (...timers: ReturnType<typeof aTimer>[]) => {
    await world.rows.put(timers);
    return timers;
  };

  it('asks about a timer when it is due, and removes it when that was answered (2)', async () => {
    await store(aTimer('a', now + 1_000));
    world.engine().own(one);
    await world.clock.advance(999);
    expect(world.asked).toEqual([]);
    await world.clock.advance(1);
    expect(world.asked).toEqual([{ id: 'a', partition: 1, nowMs: now + 1_000 }]);
    expect(world.rows.stored.size).toBe(0);
    expect(world.lags).toEqual([0]);
  });

  it('hands each ask back as it was given, whatever it is for', async () => {
    const timers = await store(aTimer('attempt', now + 10), aDeadline('deadline', now + 20), aTimer('other', now + 30));
    world.engine().own(one);
    await world.clock.advance(30);
    expect(world.handedBack).toEqual(timers.map(({ ask }) => ask));
    expect(world.rows.stored.size).toBe(0);
  });

  it('asks about what became due while nobody was there', async () => {
    await store(aTimer('late', now - DAY_MS));
    world.engine().own(one);
    await world.clock.advance(0);
    expect(world.askedIds).toEqual(['late']);
    expect(world.lags).toEqual([DAY_MS]);
  });

  it('takes up a timer that is set later, also one sooner than all others', async () => {
    await store(aTimer('a', now + 30_000));
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(10);
    engine.set(await store(aTimer('b', now + 20)));
    await world.clock.advance(10);
    expect(world.askedIds).toEqual(['b']);
    await world.clock.advance(30_000);
    expect(world.askedIds).toEqual(['b', 'a']);
  });

  it('does not know twice what is set twice', async () => {
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(0);
    engine.set(await store(aTimer('a', now + 20)));
    engine.set(await store(aTimer('a', now + 20)));
    await world.clock.advance(1_000);
    expect(world.askedIds).toEqual(['a']);
  });

  it('leaves what was cancelled alone', async () => {
    await store(aTimer('a', now + 1_000));
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(10);
    engine.cancel(1, ['a']);
    await world.rows.remove(['a']);
    await world.clock.advance(HOUR_MS);
    expect(world.asked).toEqual([]);
  });

  it('is never early, however the clock is set meanwhile (1)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -5_000, max: 200_000 }), { minLength: 1, maxLength: 30 }),
        fc.array(
          fc.record({ byMs: fc.integer({ min: 0, max: 30_000 }), jumpMs: fc.integer({ min: -20_000, max: 20_000 }) }),
          { maxLength: 20 },
        ),
        async (delays, moves) => {
          const travelled = new SchedulerWorld();
          const start = travelled.clock.nowMs();
          const timers = delays.map((delayMs, n) => aTimer(`t${n}`, start + delayMs, n % 3));
          await travelled.rows.put(timers);
          const engine = travelled.engine({ windowMs: 20_000, pageSize: 4 });
          engine.own(new Set([0, 1, 2]));
          for (const { byMs, jumpMs } of moves) {
            await travelled.clock.advance(byMs);
            travelled.clock.jumpWallClock(jumpMs);
          }
          await travelled.clock.advance(900_000);
          const dueAt = new Map(timers.map((timer) => [timer.id, timer.dueAt]));
          for (const { id, nowMs } of travelled.asked) expect(nowMs).toBeGreaterThanOrEqual(dueAt.get(id) ?? NaN);
          expect(travelled.askedIds.toSorted()).toEqual(timers.map(({ id }) => id).toSorted());
          expect(travelled.rows.stored.size).toBe(0);
          engine.stop();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('notices a clock that was set forward within seconds (5)', async () => {
    await store(aTimer('a', now + 50_000));
    world.engine().own(one);
    await world.clock.advance(100);
    world.clock.jumpWallClock(60_000);
    await world.clock.advance(5_000);
    expect(world.askedIds).toEqual(['a']);
  });

  it('re-arms what was asked too early by the log’s clock (3)', async () => {
    await store(aTimer('a', now + 100));
    world.answer = () => (world.asked.length < 3 ? { notYetMs: 40 } : { done: true });
    world.engine().own(one);
    await world.clock.advance(1_000);
    expect(world.asked.map(({ nowMs }) => nowMs - now)).toEqual([100, 140, 180]);
    expect(world.rows.stored.size).toBe(0);
  });

  it('asks for ever, with a growing pause, while nobody answers (3)', async () => {
    await store(aTimer('a', now));
    world.answer = () => 'silence';
    world.engine().own(one);
    await world.clock.advance(10 * 60_000);
    const at = world.asked.map(({ nowMs }) => nowMs - now);
    expect(at.slice(0, 5)).toEqual([0, 100, 300, 700, 1_500]);
    expect((at.at(-1) ?? 0) - (at.at(-2) ?? 0)).toBe(30_000);
    expect(world.rows.stored.size).toBe(1);
    world.answer = () => ({ done: true });
    await world.clock.advance(30_000);
    expect(world.rows.stored.size).toBe(0);
  });

  it('lets no other partition wait for one that nobody answers for (6)', async () => {
    const dead = Array.from({ length: 2_000 }, (_, n) => aTimer(`dead${n}`, now - 1, 1));
    await store(...dead, aTimer('alive', now + 5_000, 2));
    world.answer = (_id, partition) => (partition === 1 ? 'silence' : { done: true });
    world.engine({ asksInFlight: 2 }).own(new Set([1, 2]));
    await world.clock.advance(5_000);
    expect(world.asked.filter(({ partition }) => partition === 2)).toEqual([
      { id: 'alive', partition: 2, nowMs: now + 5_000 },
    ]);
    expect(world.rows.largestPage).toBeLessThanOrEqual(500);
  });

  it('works through ten thousand due at once, in bounds (4)', async () => {
    await store(...Array.from({ length: 10_000 }, (_, n) => aTimer(`t${n}`, now + 1_000, n % 8)));
    const engine = world.engine({ timersPerSecond: 2_000, asksInFlight: 3 });
    engine.own(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    await world.clock.advance(3_000);
    expect(world.asked.length).toBeGreaterThan(3_800);
    expect(world.asked.length).toBeLessThanOrEqual(4_200);
    await world.clock.advance(3_000);
    expect(new Set(world.askedIds).size).toBe(10_000);
    expect(world.asked).toHaveLength(10_000);
    expect(world.rows.stored.size).toBe(0);
    expect(world.mostAsksOpen).toBeLessThanOrEqual(3);
    expect(Math.max(...world.batches)).toBeLessThanOrEqual(50);
    expect(world.rows.largestPage).toBeLessThanOrEqual(500);
  });

  it('takes a hundred thousand and gives them up again, in batches', async () => {
    const timers = Array.from({ length: 100_000 }, (_, n) => aDeadline(`t${n}`, now + 1_000 + ((n * 7_919) % 50_000)));
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(0);
    for (let from = 0; from < timers.length; from += 500) engine.set(await store(...timers.slice(from, from + 500)));
    for (let from = 0; from < timers.length - 1; from += 500) {
      const ids = timers.slice(from, Math.min(from + 500, timers.length - 1)).map(({ id }) => id);
      engine.cancel(1, ids);
      await world.rows.remove(ids);
    }
    await world.clock.advance(60_000);
    expect(world.askedIds).toEqual(['t99999']);
  });

  it('keeps one alarm, whatever is due (5)', async () => {
    await store(...Array.from({ length: 90 }, (_, n) => aTimer(`t${n}`, now + 10_000 + n, n % 8)));
    world.engine().own(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    await world.clock.advance(5);
    expect(world.clock.pendingTimers).toBe(1);
  });

  it('asks again after a crash between the answer and the removal (2)', async () => {
    await store(aTimer('a', now));
    world.rows.failing.add('remove');
    const crashing = world.engine();
    crashing.own(one);
    await world.clock.advance(0);
    expect(world.askedIds).toEqual(['a']);
    crashing.stop();
    world.rows.failing.clear();
    world.engine().own(one);
    await world.clock.advance(0);
    expect(world.askedIds).toEqual(['a', 'a']);
    expect(world.rows.stored.size).toBe(0);
  });

  it('removes later, without asking again, when the removal fails', async () => {
    await store(aTimer('a', now));
    world.rows.failing.add('remove');
    world.engine().own(one);
    await world.clock.advance(60_000);
    expect(world.rows.stored.size).toBe(1);
    world.rows.failing.clear();
    await world.clock.advance(30_000);
    expect(world.askedIds).toEqual(['a']);
    expect(world.rows.stored.size).toBe(0);
  });

  it('reads again when reading fails, and does not say that it is loaded before', async () => {
    await store(aTimer('a', now));
    world.rows.failing.add('due');
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(5_000);
    expect(engine.isLoaded).toBe(false);
    world.rows.failing.clear();
    await world.clock.advance(30_000);
    expect(engine.isLoaded).toBe(true);
    expect(world.askedIds).toEqual(['a']);
  });

  it('keeps far timers in the store until they are near (4)', async () => {
    await store(aTimer('far', now + 60 * DAY_MS));
    const engine = world.engine({ windowMs: HOUR_MS });
    engine.own(one);
    // One alarm every five seconds of sixty days would make the test slow: the days pass while the process is down.
    await world.clock.advance(60_000);
    engine.stop();
    world.clock.jumpWallClock(60 * DAY_MS - 60_000 - 2 * HOUR_MS);
    const later = world.engine({ windowMs: HOUR_MS });
    later.own(one);
    await world.clock.advance(2 * HOUR_MS - 1);
    expect(world.asked).toEqual([]);
    await world.clock.advance(1);
    expect(world.asked).toEqual([{ id: 'far', partition: 1, nowMs: now + 60 * DAY_MS }]);
  });

  it('drops what it loses and reads what it gains', async () => {
    await store(aTimer('a', now + 1_000, 1), aTimer('b', now + 1_000, 2));
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(500);
    engine.own(new Set([2]));
    expect([engine.owns(1), engine.owns(2)]).toEqual([false, true]);
    await world.clock.advance(10_000);
    expect(world.askedIds).toEqual(['b']);
    engine.own(new Set([1, 2]));
    await world.clock.advance(0);
    expect(world.askedIds).toEqual(['b', 'a']);
  });

  it('ends what is under way, begins nothing new, and gives up when the grace is over', async () => {
    await store(aTimer('a', now), aTimer('b', now + 1_000));
    world.answerAfter = () => new Promise(() => undefined);
    const engine = world.engine();
    engine.own(one);
    await world.clock.advance(0);
    engine.stop();
    const grace = new AbortController();
    const idle = engine.idle(grace.signal);
    await world.clock.advance(10_000);
    expect(world.askedIds).toEqual(['a']);
    grace.abort();
    await idle;
    expect(world.rows.stored.size).toBe(2);
  });
});
