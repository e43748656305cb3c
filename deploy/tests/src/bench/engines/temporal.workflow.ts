import { joined, numberOf, type RunOrder, type Value } from '../work/work';
import type { TemporalActivities, TemporalSinks, TemporalWorkflow } from './temporal.package';

/* Runs in Temporal's sandbox, where there is no Node: its worker bundles the compiled file. */

/** `@temporalio/workflow`, as the bundler provides it: no package of ours has it. */
declare const temporal: TemporalWorkflow;

const STEP_WITHIN = '5 minutes';

/** Each step is an ordinary activity: a task that the server hands out, and records. */
export async function bench(order: RunOrder): Promise<number> {
  const { step: activity } = temporal.proxyActivities<TemporalActivities>({ startToCloseTimeout: STEP_WITHIN });
  const { journal } = temporal.proxySinks<TemporalSinks>();
  journal.began(order);
  const { seed, steps, sleep, isFanOut } = order;
  if (sleep !== undefined) await temporal.sleep('forS' in sleep ? sleep.forS * 1000 : sleep.untilS * 1000 - Date.now());
  const execute = (before: number, step: number): Promise<Value> => activity(order, before, step);
  let result = seed;
  if (isFanOut) {
    const values = await Promise.all(Array.from({ length: steps }, (_, index) => execute(seed, index + 1)));
    result = joined(
      seed,
      values.map((value) => numberOf(value, order)),
    );
  } else for (let step = 1; step <= steps; step += 1) result = numberOf(await execute(result, step), order);
  journal.ended(order, result);
  return result;
}
