import { askedClock } from '../time/asked-clock';
import { SystemClock } from '../time/system-clock';
import type { Connected, ServiceBus } from './service-definition';

/** What a service is connected to that has the bus alone: it keeps the primary's time by asking for it. */
export function busLink<Link extends ServiceBus & { close(): Promise<void> }>(
  bus: Link,
): Connected & { readonly bus: Link } {
  const clock = askedClock(bus, new SystemClock());
  void clock.start();
  return {
    bus,
    clock,
    close: async () => {
      clock.stop();
      await bus.close();
    },
  };
}
