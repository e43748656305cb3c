import type { Message, WorkContext } from '@stepwell/core';
import { GiveBack, works } from '@stepwell/core';
import { setTimeout as delay } from 'node:timers/promises';
import type { BusDriver, WorkHandler } from '../driver/bus-driver';
import { DEFAULT_INTAKE, WorkNotQueued } from '../driver/bus-driver';
import type { BusWorld, MakeBusWorld } from './bus-world';
import { aDelivery } from './bus-world';
import { until } from './until';

interface Seen {
  readonly effectId: string;
  readonly count: number;
  readonly atMs: number;
}

/** Work (architecture.md B2, E2, H2, H3): one item per effect, at least once, acknowledged only when the handler is done. */
export function describeWork(makeWorld: MakeBusWorld): void {
  let world: BusWorld;
  beforeEach(async () => {
    world = await makeWorld({});
  });
  afterEach(() => world.end());

  const never = (): Promise<void> => new Promise(() => undefined);

  /** A worker that notes what it sees and then does as told. */
  const worker = async (
    member: string,
    handler: (context: WorkContext, message: Message<unknown>) => Promise<void> | void,
    maxInFlight = DEFAULT_INTAKE.maxInFlight,
  ): Promise<{ bus: BusDriver; seen: Seen[] }> => {
    const bus = await world.connect(member);
    const seen: Seen[] = [];
    const noting: WorkHandler = async (message, context) => {
      seen.push({ effectId: context.effectId, count: context.deliveryCount, atMs: performance.now() });
      await handler(context, message);
    };
    await bus.consumeWork(works.Deliver, noting, { ...DEFAULT_INTAKE, maxInFlight });
    return { bus, seen };
  };
  const publish = (bus: BusDriver, effectId: string) => bus.publishWork(works.Deliver, effectId, aDelivery(effectId));
  /** An acknowledgement takes its time to arrive. */
  const untilQueued = async (bus: BusDriver, effectId: string): Promise<void> => {
    while ((await publish(bus, effectId).catch(() => 'rejected')) !== 'queued') await delay(5);
  };

  test('an item reaches one worker, whole, and is gone when the handler returns', async () => {
    const publisher = await world.connect('publisher');
    const contexts: WorkContext[] = [];
    const messages: Message<unknown>[] = [];
    const { seen } = await worker('a', (context, message) => {
      contexts.push(context);
      messages.push(message);
    });
    const beforeMs = Date.now();
    const bytes = Uint8Array.of(0, 255, 10, 13);
    const item = { ...aDelivery('run-wfr 1:2:0'), bodies: [bytes] };
    expect(await publisher.publishWork(works.Deliver, 'run-wfr 1:2:0', item)).toBe('queued');
    await until(() => seen.length === 1);
    expect(contexts[0]).toMatchObject({ effectId: 'run-wfr 1:2:0', deliveryCount: 1 });
    expect(Math.abs((contexts[0]?.queuedAt ?? 0) - beforeMs)).toBeLessThan(1_000);
    expect(messages[0]?.head).toEqual(item.head);
    expect(messages[0]?.bodies.map((body) => [...body])).toEqual([[...bytes]]);
    await delay(world.ackWaitMs * 1.5);
    expect(seen).toHaveLength(1);
  });

  test('what was queued before there was a worker is not lost', async () => {
    const publisher = await world.connect('publisher');
    await Promise.all(Array.from({ length: 50 }, (_, i) => publish(publisher, `e:${String(i)}`)));
    const { seen } = await worker('a', () => undefined);
    await until(() => seen.length === 50);
    expect(seen.map(({ effectId }) => effectId)).toEqual(Array.from({ length: 50 }, (_, i) => `e:${String(i)}`));
  });

  test('an effect is queued once until it is acknowledged, and accepted again after that (E2)', async () => {
    const release = new Map<string, () => void>();
    const { bus, seen } = await worker('a', ({ effectId }) => new Promise((resolve) => release.set(effectId, resolve)));
    expect(await publish(bus, 'e:1')).toBe('queued');
    expect(await publish(bus, 'e:1')).toBe('already-queued');
    await until(() => seen.length === 1);
    expect(await publish(bus, 'e:1')).toBe('already-queued');
    expect(await publish(bus, 'e:2')).toBe('queued');
    release.get('e:1')?.();
    await untilQueued(bus, 'e:1');
    await until(() => seen.filter(({ effectId }) => effectId === 'e:1').length === 2);
    expect(seen.map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('an item given back comes again after its delay, not before, and counts', async () => {
    const { bus, seen } = await worker('a', ({ deliveryCount }) => {
      if (deliveryCount === 1) throw new GiveBack(300);
    });
    await publish(bus, 'e:1');
    await until(() => seen.length === 1);
    expect(await publish(bus, 'e:1')).toBe('already-queued');
    await until(() => seen.length === 2);
    expect(seen.map(({ count }) => count)).toEqual([1, 2]);
    expect((seen[1]?.atMs ?? 0) - (seen[0]?.atMs ?? 0)).toBeGreaterThan(290);
  });

  test('a handler that fails sees its item again, later each time', async () => {
    const { bus, seen } = await worker('a', ({ deliveryCount }) => {
      if (deliveryCount < 4) throw new Error('a fault');
    });
    await publish(bus, 'e:1');
    await until(() => seen.length === 4);
    const gaps = seen.slice(1).map(({ atMs }, i) => atMs - (seen[i]?.atMs ?? 0));
    expect(gaps[0]).toBeGreaterThan(90);
    expect(gaps[1]).toBeGreaterThan(190);
    expect(gaps[2]).toBeGreaterThan(390);
  });

  test('a handler may take longer than the ack wait (H2)', async () => {
    const { bus, seen } = await worker('a', () => delay(world.ackWaitMs * 3));
    await worker('b', () => undefined, 1).then(({ bus: other }) => other.stopIntake());
    await publish(bus, 'e:1');
    await until(() => seen.length === 1);
    await delay(world.ackWaitMs * 4);
    expect(seen).toHaveLength(1);
    await untilQueued(bus, 'e:1');
  });

  test("a dead worker's item comes to another after the ack wait", async () => {
    const dying = await worker('a', never);
    await publish(dying.bus, 'e:1');
    await until(() => dying.seen.length === 1);
    const { seen } = await worker('b', () => undefined);
    await world.kill(dying.bus);
    await until(() => seen.length === 1);
    expect(seen[0]?.count).toBe(2);
  });

  test('no more items at a time than the limit, and a long one holds no other up (H3)', async () => {
    let running = 0;
    let most = 0;
    const { bus, seen } = await worker(
      'a',
      async ({ effectId }) => {
        running += 1;
        most = Math.max(most, running);
        await (effectId.startsWith('long') ? never() : delay(1));
        running -= 1;
      },
      4,
    );
    await Promise.all(['long:1', 'long:2', 'long:3'].map((each) => publish(bus, each)));
    await Promise.all(Array.from({ length: 40 }, (_, i) => publish(bus, `short:${String(i)}`)));
    await until(() => seen.length === 43);
    expect(most).toBe(4);
    await world.kill(bus);
  });

  test('two workers share, each item is handled once', async () => {
    const a = await worker('a', () => delay(2), 4);
    const b = await worker('b', () => delay(2), 4);
    await Promise.all(Array.from({ length: 100 }, (_, i) => publish(a.bus, `e:${String(i)}`)));
    await until(() => a.seen.length + b.seen.length === 100);
    await delay(50);
    expect(new Set([...a.seen, ...b.seen].map(({ effectId }) => effectId)).size).toBe(100);
    expect(a.seen.length).toBeGreaterThan(10);
    expect(b.seen.length).toBeGreaterThan(10);
  });

  test('a full queue rejects: that effect is unsent, not already queued (E2)', async () => {
    await world.end();
    world = await makeWorld({ maxItems: 2 });
    const publisher = await world.connect('publisher');
    await publish(publisher, 'e:1');
    await publish(publisher, 'e:2');
    await expect(publish(publisher, 'e:3')).rejects.toThrow(WorkNotQueued);
    const { seen } = await worker('a', () => undefined);
    await until(() => seen.length === 2);
    await untilQueued(publisher, 'e:3');
    await until(() => seen.length === 3);
  });

  test('after the intake stopped another takes over, and drain waits for what runs', async () => {
    let release = (): void => undefined;
    const ending = await worker('a', () => new Promise((resolve) => (release = resolve)));
    await publish(ending.bus, 'e:1');
    await until(() => ending.seen.length === 1);
    await ending.bus.stopIntake();
    const next = await worker('b', () => undefined);
    await publish(ending.bus, 'e:2');
    await until(() => next.seen.length === 1);
    let drained = false;
    const drain = ending.bus.drain(new AbortController().signal).then(() => (drained = true));
    await delay(30);
    expect(drained).toBe(false);
    release();
    await drain;
    expect(ending.seen.map(({ effectId }) => effectId)).toEqual(['e:1']);
    expect(next.seen.map(({ effectId }) => effectId)).toEqual(['e:2']);
  });

  test('when the grace is over the rest is told and given back at once', async () => {
    let told = false;
    const ending = await worker('a', ({ signal }) => {
      signal.addEventListener('abort', () => (told = true));
      return never();
    });
    await publish(ending.bus, 'e:1');
    await until(() => ending.seen.length === 1);
    await ending.bus.stopIntake();
    const grace = new AbortController();
    const drain = ending.bus.drain(grace.signal);
    const { seen } = await worker('b', () => undefined);
    const abortedMs = performance.now();
    grace.abort();
    await drain;
    expect(told).toBe(true);
    await until(() => seen.length === 1);
    expect((seen[0]?.atMs ?? Infinity) - abortedMs).toBeLessThan(world.ackWaitMs / 2);
  });

  test('a handler never runs within the turn of the publisher', async () => {
    let turnIsOver = false;
    const turns: boolean[] = [];
    const { bus, seen } = await worker('a', () => {
      turns.push(turnIsOver);
    });
    const queued = publish(bus, 'e:1');
    turnIsOver = true;
    await queued;
    await until(() => seen.length === 1);
    expect(turns).toEqual([true]);
  });

  test('a closed bus queues nothing', async () => {
    const bus = await world.connect('a');
    await bus.close();
    expect(bus.isConnected()).toBe(false);
    await expect(publish(bus, 'e:1')).rejects.toThrow(WorkNotQueued);
  });
}
