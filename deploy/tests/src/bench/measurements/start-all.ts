import type { Engine } from '../engines/engine';
import type { Orders } from '../work/orders';

/** Clients that start one run after another. */
const CLIENTS = 100;

/** Resolves when so many runs have been accepted; what is refused for load is asked for again. @returns how many a second that were */
export async function startAll(engine: Engine, orders: Orders, count: number): Promise<number> {
  const begunAt = performance.now();
  const client = async (): Promise<void> => {
    while (orders.count < count) {
      const order = orders.next();
      while ((await engine.accept(order)) === 'shed');
    }
  };
  await Promise.all(Array.from({ length: Math.min(CLIENTS, count) }, client));
  return (count * 1000) / (performance.now() - begunAt);
}
