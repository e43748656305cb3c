import type { Engine } from '../engines/engine';
import { type RunOrder, runResult } from '../work/work';

/** A whole run. @throws Error when its result is wrong */
export async function completeRun(engine: Engine, order: RunOrder): Promise<void> {
  const result = await engine.complete(order);
  const expected = runResult(order);
  if (result !== expected) throw new Error(`${order.id} ended with ${result} instead of ${expected}`);
}
