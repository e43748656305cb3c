import type { DeadLetter } from '../dead-letters/dead-letter.answers';
import type { PendingMessage, ShownMessage } from '../messages/message.answers';
import type { LoggedRun } from '../runs/run-log.answers';

/*
 * What the owner of a run writes and the gateway passes on, for scripts: the least that the reference asks for.
 */

export const loggedRun = (workflowRunId: string): LoggedRun => ({
  workflowRunId,
  workflowUrl: 'http://a/',
  workflowState: 'RUN_STARTED',
  workflowRunCreatedAt: 1,
  steps: [],
});

const shownMessage = (workflowRunId: string): Omit<ShownMessage, 'messageId'> => ({
  url: 'http://a/',
  method: 'POST',
  header: {},
  notBefore: 0,
  createdAt: 1,
  maxRetries: 3,
  workflowRunId,
  workflowCreatedAt: 1,
  workflowUrl: 'http://a/',
});

export const pendingMessage = (messageId: string, workflowRunId: string): PendingMessage => ({
  messageId,
  ...shownMessage(workflowRunId),
});

export const deadLetter = (dlqId: string, workflowRunId: string): DeadLetter => ({
  dlqId,
  messageId: `msg_1.${workflowRunId}`,
  ...shownMessage(workflowRunId),
  responseStatus: 500,
  responseHeader: {},
});
