/*
 * What the client in Go decodes answers into, by the rules of encoding/json: a text where an integer is expected is an error of the
 * whole answer, not of the field. Absent and null are always fine; a Go `error` takes nothing else.
 */

export type Shape =
  'string' | 'int' | 'bool' | 'headers' | 'bytes' | 'error' | readonly [Shape] | { readonly [field: string]: Shape };

const isHeaders = (value: unknown): boolean =>
  typeof value === 'object' &&
  Object.values(value ?? {}).every(
    (values) => Array.isArray(values) && values.every((each: unknown) => typeof each === 'string'),
  );

const SCALARS: Record<Extract<Shape, string>, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  int: (value) => Number.isSafeInteger(value),
  bool: (value) => typeof value === 'boolean',
  headers: isHeaders,
  bytes: (value) => typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value,
  error: () => false,
};

/** Where a value doesn't fit; empty = it can be decoded. */
export function undecodable(shape: Shape, value: unknown, at = '$'): string[] {
  if (value === null || value === undefined) return [];
  if (typeof shape === 'string') return SCALARS[shape](value) ? [] : [`${at}: ${JSON.stringify(value)} is no ${shape}`];
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at} is no array`];
    return value.flatMap((each, index) => undecodable(shape[0] as Shape, each, `${at}[${index}]`));
  }
  if (typeof value !== 'object' || Array.isArray(value)) return [`${at} is no object`];
  return Object.entries(shape).flatMap(([field, inner]) =>
    undecodable(inner, (value as Record<string, unknown>)[field], `${at}.${field}`),
  );
}

const WAITER: Shape = {
  url: 'string',
  headers: 'headers',
  deadline: 'int',
  timeoutBody: 'bytes',
  timeoutUrl: 'string',
  timeoutHeaders: 'headers',
};

const STEP: Shape = {
  stepId: 'int',
  stepName: 'string',
  stepType: 'string',
  callType: 'string',
  messageId: 'string',
  headers: 'headers',
  targetStep: 'int',
  out: 'string',
  concurrent: 'int',
  state: 'string',
  createdAt: 'int',
  sleepUntil: 'int',
  sleepFor: 'int',
  callUrl: 'string',
  callMethod: 'string',
  callBody: 'string',
  callHeaders: 'headers',
  callResponseStatus: 'int',
  callResponseBody: 'string',
  callResponseHeaders: 'headers',
  waitEventId: 'string',
  waitTimeoutDuration: 'string',
  waitTimeoutDeadline: 'int',
  waitTimeout: 'bool',
  invokedWorkflowRunId: 'string',
  invokedWorkflowUrl: 'string',
  invokedWorkflowCreatedAt: 'int',
  invokedWorkflowRunBody: 'string',
  invokedWorkflowRunHeaders: 'headers',
};

export const PUBLISHED: Shape = { messageId: 'string' };
export const WAITERS: Shape = [WAITER];
export const NOTIFIED: Shape = [{ waiter: WAITER, messageId: 'string', error: 'error' }];
export const LOGS: Shape = {
  cursor: 'string',
  runs: [
    {
      workflowRunId: 'string',
      workflowUrl: 'string',
      workflowState: 'string',
      workflowRunCreatedAt: 'int',
      workflowRunCompletedAt: 'int',
      steps: [{ steps: [STEP], type: 'string' }],
      workflowRunResponse: 'string',
      invoker: { workflowRunId: 'string', workflowUrl: 'string', workflowRunCreatedAt: 'int' },
      failureFunction: {
        messageId: 'string',
        url: 'string',
        state: 'string',
        failHeaders: 'headers',
        failStatus: 'int',
        failResponse: 'string',
        dlqId: 'string',
      },
    },
  ],
};
