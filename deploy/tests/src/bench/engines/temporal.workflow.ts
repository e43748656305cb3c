import { type Execute, performed, type RunOrder, sleepMs } from '../work/work';
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
  const { sleep } = order;
  if (sleep !== undefined) await temporal.sleep(sleepMs(sleep));
  const execute: Execute = (before, step) => activity(order, before, step);
  const result = await performed(order, execute);
  journal.ended(order, result);
  return result;
}
