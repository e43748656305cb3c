import type { RunLog } from './arena';
import type { BareRun } from './bare-run';
import { HANGS_AFTER_MS } from './bare-run';
import type { Lane } from './race';
import { until } from '../until';

/** What the engine says of a run that has to end about now. @throws Error when it hangs */
export async function ended(run: BareRun, { arena }: Lane): Promise<RunLog> {
  let log = await arena.log(run.id);
  if (log?.workflowState !== 'RUN_STARTED' && log !== undefined) return log;
  await until(
    `${run.id} has ended`,
    async () => {
      log = await arena.log(run.id);
      return log !== undefined && log.workflowState !== 'RUN_STARTED';
    },
    HANGS_AFTER_MS,
  );
  if (!log) throw new Error(`${run.id} has no log`);
  return log;
}

/** Ids of steps with a result in the log; a call that was made and has none is there as what it is, a request. */
export function stepsIn(log: RunLog | undefined): number[] {
  const steps = log?.steps.flatMap((group) => (group.type === 'next' ? [] : group.steps)) ?? [];
  return steps.flatMap(({ stepId, callType }) => (stepId === undefined || callType !== 'step' ? [] : [stepId]));
}

/** What still comes although the run is over has to come at once: it was on its way. */
const ON_ITS_WAY_MS = 1_000;

export function nothingLongAfter(run: BareRun, endedAt: number): void {
  const late = run.deliveries.filter(({ at }) => at > endedAt + ON_ITS_WAY_MS);
  expect(late.map(({ messageId, at }) => `${messageId} ${Math.round(at - endedAt)} ms after the end`)).toEqual([]);
}
