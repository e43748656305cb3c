import type { WorkflowApp } from '../../e2e/workflow-app';
import type { Acknowledged } from '../acknowledged';
import type { Evidence } from './evidence';
import { throughAt } from './evidence';

/** What the engine says of a run. */
export type RunLog = NonNullable<Awaited<ReturnType<WorkflowApp['log']>>>;

/** What is wrong with what a run came to. */
export function wrongOutcome(run: Acknowledged, log: RunLog, evidence: Evidence): string[] {
  const { workflowState: state, workflowRunResponse: response } = log;
  switch (run.kind) {
    case 'program': {
      const { expectation } = run;
      if (state !== expectation?.state) return [`${state} instead of ${String(expectation?.state)}`];
      const { result } = expectation;
      if (result === undefined || response === JSON.stringify(result)) return [];
      return [`came to ${String(response)} instead of ${JSON.stringify(result)}`];
    }
    case 'onboarding':
      return state === 'RUN_SUCCESS' && response === '"mail:hello,crm:hello,report:hello"'
        ? []
        : [`${state}, ${String(response)}`];
    case 'sleeper': {
      const { sleptMs = -1 } = JSON.parse(response ?? '{}') as { sleptMs?: number };
      return state === 'RUN_SUCCESS' && sleptMs >= (run.sleepMs ?? 0)
        ? []
        : [`${state}, slept ${sleptMs} of ${String(run.sleepMs)} ms`];
    }
    case 'caller':
      return state === 'RUN_SUCCESS' && response === '[200,"done"]' ? [] : [`${state}, ${String(response)}`];
    case 'waiter':
      return wrongEvents(run, state, response);
    case 'cancelled':
      return state === 'RUN_FAILED' ? [state] : startedAfterCancel(run, state, evidence);
  }
}

function startedAfterCancel({ cancelledAt }: Acknowledged, state: string, evidence: Evidence): string[] {
  if (state !== 'RUN_CANCELED' || cancelledAt === undefined) return [];
  const { journal, disturbances } = evidence;
  const limit = throughAt(cancelledAt, disturbances);
  const late = [...journal.arrivals, ...journal.thirdPartyArrivals].filter((at) => at > limit);
  return late.length > 0 ? [`${late.length} deliveries or calls after it was cancelled`] : [];
}

/** Each try to tell an event reaches each waiter once, and whom its answer lists for sure. */
function wrongEvents({ runId, tellings = [] }: Acknowledged, state: string, response = '[]'): string[] {
  const got = JSON.parse(response) as (number | string)[];
  if (state !== 'RUN_SUCCESS' || got.length !== 2) return [`${state}, ${response}`];
  const known = tellings.map(({ number }) => number);
  const promised = tellings.filter(({ listed }) => listed?.includes(runId)).map(({ number }) => number);
  return [
    ...got.filter((each) => !known.includes(Number(each))).map((each) => `was told ${each}, which nobody said`),
    ...(got[0] === got[1] ? [`was told ${String(got[0])} twice`] : []),
    ...promised.filter((number) => !got.includes(number)).map((number) => `was said to be told ${number} and wasn't`),
  ];
}
