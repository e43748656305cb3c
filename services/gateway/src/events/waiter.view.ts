import type { WaiterData } from '@stepwell/core';
import type { NotifiedWaiter, Waiter } from './waiter.answers';

/** A waiting run as the clients know it (protocol.md 8.5). */
export function waiterOf({ runId, workflowUrl, url, timeoutUrl = url, deadlineAt }: WaiterData): Waiter {
  const headers = {
    'Upstash-Workflow-Runid': [runId],
    'Upstash-Workflow-Url': [workflowUrl],
    'Upstash-Workflow-Init': ['false'],
  };
  return { url, deadline: Math.floor(deadlineAt / 1_000), headers, timeoutUrl, timeoutHeaders: headers };
}

export const notifiedWaiterOf = (data: WaiterData): NotifiedWaiter => ({
  waiter: waiterOf(data),
  messageId: data.messageId,
  deduplicated: false,
  workflowRunId: data.runId,
  workflowCreatedAt: data.runCreatedAt,
});
