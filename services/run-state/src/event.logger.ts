import type { RunEvent, RunEventType } from '@stepwell/core';
import { workflowName } from '@stepwell/core';
import type { Logger } from 'pino';
import type { RunStream } from './partition/stream';

/** Starts and ends are for everybody; what happens in between is looked for when something is wrong. */
const LEVELS: Partial<Record<RunEventType, 'info' | 'warn'>> = {
  RunStarted: 'info',
  RunFinished: 'info',
  RunCancelled: 'info',
  RunFailed: 'warn',
};

/** What was committed, one line an event, with the ids and names in it, never payloads (conventions.md 3.4). */
export function logEvents(logger: Logger, { state }: RunStream, events: readonly RunEvent[]): void {
  if (!state) return;
  const { runId } = state;
  const workflow = workflowName(state.start.workflowUrl);
  for (const event of events) {
    const level = LEVELS[event.type] ?? 'debug';
    if (logger.isLevelEnabled(level)) logger[level]({ runId, workflow, ...namesIn(event) }, event.type);
  }
}

function namesIn({ data }: RunEvent): object {
  const step = 'step' in data ? data.step : 'callback' in data ? data.callback.step : undefined;
  return {
    ...('messageId' in data ? { messageId: data.messageId } : {}),
    ...('attempt' in data ? { attempt: data.attempt } : {}),
    ...(step ? { stepId: step.targetStep ?? step.stepId, stepName: step.stepName, stepType: step.stepType } : {}),
    ...('retried' in data ? { retried: data.retried } : {}),
    ...('result' in data && data.result && 'headers' in data.result ? { status: data.result.status } : {}),
  };
}
