import type { MailboxEvent, RunEvent, RunEventType } from '@stepwell/core';
import { workflowName } from '@stepwell/core';
import type { Logger } from 'pino';
import type { MailboxStream, RunStream } from './partition/stream';

/** Starts and ends are for everybody; what happens in between is looked for when something is wrong. */
const LEVELS: Partial<Record<RunEventType, 'info' | 'warn'>> = {
  RunStarted: 'info',
  RunFinished: 'info',
  RunCancelled: 'info',
  RunFailed: 'warn',
  RunTakenOver: 'info',
  DeadLetterDeleted: 'info',
};

/** What was committed, one line an event, with the ids and names in it, never payloads (conventions.md 3.4). */
export function logRunEvents(logger: Logger, { state }: RunStream, events: readonly RunEvent[]): void {
  if (!state) return;
  const { runId } = state;
  const workflow = workflowName(state.start.workflowUrl);
  for (const event of events) {
    const level = LEVELS[event.type] ?? 'debug';
    if (logger.isLevelEnabled(level)) logger[level]({ runId, workflow, ...namesIn(event) }, event.type);
  }
}

/** The same of a mailbox: all of it is looked for only when something is wrong. */
export function logMailboxEvents(logger: Logger, { state }: MailboxStream, events: readonly MailboxEvent[]): void {
  if (!state || !logger.isLevelEnabled('debug')) return;
  for (const { type, data } of events) {
    logger.debug(
      {
        eventId: state.eventId,
        ...('noticeId' in data ? { noticeId: data.noticeId } : {}),
        ...('runId' in data ? { runId: data.runId } : {}),
        ...('messageId' in data ? { messageId: data.messageId } : {}),
        ...('seq' in data ? { seq: data.seq } : {}),
        ...('upToSeq' in data ? { upToSeq: data.upToSeq } : {}),
      },
      type,
    );
  }
}

function namesIn({ data }: RunEvent): object {
  const step = 'step' in data ? data.step : 'callback' in data ? data.callback.step : undefined;
  return {
    ...('messageId' in data ? { messageId: data.messageId } : {}),
    ...('attempt' in data ? { attempt: data.attempt } : {}),
    ...('eventId' in data ? { eventId: data.eventId } : {}),
    ...('child' in data ? { childRunId: data.child.runId } : {}),
    ...('successor' in data ? { successor: data.successor, how: data.how } : {}),
    ...(step ? { stepId: step.targetStep ?? step.stepId, stepName: step.stepName, stepType: step.stepType } : {}),
    ...('retried' in data ? { retried: data.retried } : {}),
    ...('result' in data && data.result && 'headers' in data.result ? { status: data.result.status } : {}),
  };
}
