import type { JsonField } from './body-segments';
import { toCanonicalHeaderLists, type HeaderSource } from './headers';

/**
 * What the JSON of a callback and of a failure callback have in common: how a message fared (protocol.md 3.3). Bodies are
 * references of type `T`. Moments are unix ms.
 */
export interface MessageReport<T> {
  /** Of the last answer; for no answer, the status that its error code stands for. */
  readonly status: number;
  readonly headers: HeaderSource;
  /** Absent = no body; the key is left out. */
  readonly body?: T | undefined;
  readonly retried: number;
  readonly maxRetries: number;
  readonly sourceMessageId: string;
  readonly url: string;
  readonly method: string;
  readonly sourceHeaders: HeaderSource;
  readonly sourceBody?: T | undefined;
  readonly notBeforeMs: number;
  readonly createdAtMs: number;
  readonly callerIp?: string | undefined;
  readonly scheduleId?: string | undefined;
  /** For the messages of a run. */
  readonly workflow?: { readonly runId: string; readonly createdAtMs: number } | undefined;
}

/** In the order of protocol.md 9.4; `dlqId` is a failure's alone. */
export function messageReportFields<T>(report: MessageReport<T>, dlqId?: string): JsonField<T>[] {
  return [
    { key: 'status', value: report.status },
    { key: 'header', value: toCanonicalHeaderLists(report.headers) },
    { key: 'body', base64Of: report.body },
    { key: 'retried', value: report.retried },
    { key: 'maxRetries', value: report.maxRetries },
    { key: 'dlqId', value: dlqId },
    { key: 'sourceMessageId', value: report.sourceMessageId },
    { key: 'url', value: report.url },
    { key: 'method', value: report.method },
    { key: 'sourceHeader', value: toCanonicalHeaderLists(report.sourceHeaders) },
    { key: 'sourceBody', base64Of: report.sourceBody },
    { key: 'notBefore', value: report.notBeforeMs },
    { key: 'createdAt', value: report.createdAtMs },
    { key: 'scheduleId', value: report.scheduleId },
    { key: 'callerIP', value: report.callerIp },
    { key: 'workflowRunId', value: report.workflow?.runId },
    { key: 'workflowCreatedAt', value: report.workflow?.createdAtMs },
  ];
}
