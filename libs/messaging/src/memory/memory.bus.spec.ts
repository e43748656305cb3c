import { asks, works } from '@stepwell/core';
import type { BusDriver } from '../driver/bus-driver';
import { aDelivery, describeBusContract } from '../testing';
import { MemoryBroker } from './memory.broker';
import { MemoryBus } from './memory.bus';

describeBusContract('in memory', ({ maxItems }) => {
  const broker = new MemoryBroker({
    ackWaitMs: 200,
    ...(maxItems === undefined ? {} : { limits: { maxItems, maxBytes: 1e9 } }),
  });
  const open = new Set<BusDriver>();
  return Promise.resolve({
    ackWaitMs: 200,
    connect: (member: string) => {
      const bus = new MemoryBus({ member, broker });
      open.add(bus);
      return Promise.resolve(bus);
    },
    kill: (bus: BusDriver) => {
      if (bus instanceof MemoryBus) bus.kill();
      return Promise.resolve();
    },
    end: async () => {
      for (const bus of open) if (bus instanceof MemoryBus) bus.kill();
      return Promise.resolve();
    },
  });
});

describe('in memory only', () => {
  test('the objects are handed over as they are', async () => {
    const bus = new MemoryBus();
    const body = Uint8Array.of(1);
    const received: unknown[] = [];
    await bus.answerAsks(
      'run-state',
      new Map([['ReadBody', (question) => Promise.resolve(received.push(question)).then(() => question)]]),
    );
    const question = { head: { runId: 'x', sha256: 'y' }, bodies: [body] };
    const answer: unknown = await bus.ask(asks.ReadBody, 'any', question);
    expect(received[0]).toBe(question);
    expect(answer).toBe(question);
    await bus.close();
  });

  test('its bytes are bounded', async () => {
    const bus = new MemoryBus({ broker: new MemoryBroker({ limits: { maxItems: 10, maxBytes: 100 } }) });
    const item = (effectId: string) => ({ ...aDelivery(effectId), bodies: [new Uint8Array(60)] });
    await bus.publishWork(works.Deliver, 'e:1', item('e:1'));
    await expect(bus.publishWork(works.Deliver, 'e:2', item('e:2'))).rejects.toThrow('full');
    await bus.close();
  });

  test('a broker that forgets tells its members (E3)', async () => {
    const broker = new MemoryBroker();
    const bus = new MemoryBus({ broker });
    let told = 0;
    const stop = bus.onWorkForgotten(() => (told += 1));
    await bus.publishWork(works.Deliver, 'e:1', aDelivery('e:1'));
    broker.forget();
    expect(told).toBe(1);
    expect(await bus.publishWork(works.Deliver, 'e:1', aDelivery('e:1'))).toBe('queued');
    stop();
    broker.forget();
    expect(told).toBe(1);
    await bus.close();
  });
});
