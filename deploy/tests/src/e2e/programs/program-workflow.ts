import type { ThirdParty } from '../conformance/third-party';
import type { Journal } from '../journal';
import type { Workflow } from '../workflow-app';
import type { Program, Stage, Step } from './program';

/* A program as a user would write it, for the real client. */

/** Between attempts, of deliveries and calls. */
export const RETRY_DELAY = '50';

/** What a step of a run waits for. */
export const eventOf = (runId: string, step: string): string => `${runId}-${step}`;

/** `name` is the program's own; what it calls is on the third party of whoever runs it. */
export function workflowOf(
  { stages, doomed }: Program,
  name: string,
  { thirdParty }: { readonly thirdParty: ThirdParty },
): Workflow {
  return async (context, seen) => {
    const perform = async (step: Step, id: string): Promise<unknown> => {
      switch (step.kind) {
        case 'run':
          return context.run(id, () => seen.run(id, step.value));
        case 'flaky':
          return context.run(id, () => attempt(seen, id, step));
        case 'sleep':
          await context.sleep(id, step.seconds);
          return null;
        case 'call': {
          const path = `/${name}/${id}`;
          thirdParty.answersAt(path, { status: step.status, body: String(step.value) });
          const url = thirdParty.url + path;
          const answer = await context.call(id, { url, retries: step.retries, retryDelay: RETRY_DELAY });
          return [answer.status, answer.body];
        }
        case 'wait': {
          const timeout = step.told === 'never' ? 1 : '5m';
          const answer = await context.waitForEvent(id, eventOf(context.workflowRunId, id), { timeout });
          return answer.timeout ? 'timeout' : answer.eventData;
        }
        case 'notify': {
          const answer = await context.notify(id, `nobody-waits-for-${name}-${id}`, step.value);
          return answer.notifyResponse;
        }
      }
    };
    const results: unknown[] = [];
    for (const [place, stage] of stages.entries()) results.push(await performAll(stage, String(place), perform));
    if (doomed)
      await context.run('doomed', () => {
        seen.run('doomed', undefined);
        throw new Error('doomed');
      });
    return results;
  };
}

function attempt(seen: Journal, id: string, { value, failures }: Extract<Step, { kind: 'flaky' }>): number {
  seen.run(id, undefined);
  if ((seen.executions.get(id) ?? 0) <= failures) throw new Error(`${id} fails`);
  return value;
}

const performAll = (
  stage: Stage,
  id: string,
  perform: (step: Step, id: string) => Promise<unknown>,
): Promise<unknown> =>
  stage.kind === 'all'
    ? Promise.all(stage.branches.map((branch, index) => perform(branch, `${id}.${index}`)))
    : perform(stage, id);
