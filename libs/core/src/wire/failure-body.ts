import { jsonObjectSegments, type BodySegment } from './body-segments';
import { messageReportFields, type MessageReport } from './message-report';

export interface FailureReport<T> extends MessageReport<T> {
  readonly dlqId: string;
  /** Of a run: the initial payload, not the step list; absent when it was empty (protocol.md 9.4). */
  readonly sourceBody?: T | undefined;
}

/** The JSON delivered to `Upstash-Failure-Callback` (protocol.md 9.4). */
export function failureCallbackBody<T>(report: FailureReport<T>): BodySegment<T>[] {
  return jsonObjectSegments(messageReportFields(report, report.dlqId));
}
