import { setTimeout as delay } from 'node:timers/promises';
import { ClosedLoop } from './closed-loop';
import { Orders } from './orders';
import type { RunOrder } from './work';

test('as many runs as wanted are in flight, and never more', async () => {
  let inFlight = 0;
  const seen = new Set<number>();
  const loop = new ClosedLoop(3, new Orders({ steps: 2 }), async () => {
    inFlight += 1;
    await delay(1);
    seen.add(inFlight);
    inFlight -= 1;
  });
  await loop.during(30);
  await loop.stop();
  expect([Math.max(...seen), inFlight]).toEqual([3, 0]);
});

test('every run is another one, of as many steps', async () => {
  const orders: RunOrder[] = [];
  const wanted = new Orders({ steps: 5 });
  const loop = new ClosedLoop(2, wanted, async (order) => {
    orders.push(order);
    await delay(1);
  });
  await loop.during(20);
  await loop.stop();
  expect(new Set(orders.map(({ id }) => id)).size).toBe(wanted.count);
  expect(orders.every(({ steps }) => steps === 5)).toBe(true);
});

test('a window has the turns that were done in it', async () => {
  const loop = new ClosedLoop(1, new Orders({ steps: 1 }), () => delay(5));
  await loop.during(30);
  loop.openWindow();
  expect(loop.window).toEqual([]);
  await loop.during(30);
  await loop.stop();
  expect(loop.window.length).toBeGreaterThan(0);
  expect(Math.min(...loop.window)).toBeGreaterThan(3);
});

test('a turn that fails ends it all, whoever waits', async () => {
  const loop = new ClosedLoop(2, new Orders({ steps: 1 }), async ({ id }) => {
    await delay(2);
    if (id.endsWith('-3')) throw new Error('refused');
  });
  await expect(loop.during(10_000)).rejects.toThrow('refused');
  await expect(loop.stop()).rejects.toThrow('refused');
});
