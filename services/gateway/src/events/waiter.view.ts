import type { WaiterData } from '@stepwell/core';

/** A waiting run as the clients know it (protocol.md 8.5). */
export interface Waiter {
  /** Where the result is delivered. */
  readonly url: string;
  /** Unix seconds. */
  readonly deadline: number;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly timeoutUrl: string;
  readonly timeoutHeaders: Readonly<Record<string, readonly string[]>>;
}

/** Without the hosted server's `error`, always empty: the Go client can't read any text there. */
export interface NotifiedWaiter {
  readonly waiter: Waiter;
  readonly messageId: string;
  readonly deduplicated: false;
  readonly workflowRunId: string;
  /** Unix ms. */
  readonly workflowCreatedAt: number;
}

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
