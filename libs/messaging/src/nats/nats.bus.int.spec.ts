import { useNatsServer } from '@stepwell/testing';
import type { BusDriver } from '../driver/bus-driver';
import { describeBusContract } from '../testing';
import { connectNatsBus, NatsBus } from './nats.bus';

const ACK_WAIT_MS = 600;

describe('on a nats-server', () => {
  const nats = useNatsServer();

  describeBusContract('NATS', ({ maxItems }) => {
    const open = new Set<NatsBus>();
    return Promise.resolve({
      ackWaitMs: ACK_WAIT_MS,
      connect: async (member) => {
        const bus = await connectNatsBus({
          url: nats.servers,
          user: nats.user,
          pass: nats.pass,
          name: member,
          epoch: 1,
          limits: {
            ackWaitMs: ACK_WAIT_MS,
            maxBytes: 16 * 1024 * 1024,
            ...(maxItems === undefined ? {} : { maxItems }),
          },
        });
        open.add(bus);
        return bus;
      },
      kill: async (bus: BusDriver) => {
        if (bus instanceof NatsBus) await bus.abandon();
      },
      end: async () => {
        await Promise.all([...open].map((bus) => bus.abandon()));
      },
    });
  });
});
