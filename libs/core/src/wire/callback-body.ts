import { jsonObjectSegments, type BodySegment } from './body-segments';
import { messageReportFields, type MessageReport } from './message-report';

/**
 * The JSON of the one, final callback of a workflow's call (protocol.md 3.3, 8.3).
 *
 * A failure that left retries over (non-retryable answer, no use in trying) is told with `retried` equal to `maxRetries`: the
 * client takes anything less for an intermediate callback, submits nothing, and its run would wait for ever.
 */
export function callbackBody<T>(report: MessageReport<T>): BodySegment<T>[] {
  const succeeded = report.status >= 200 && report.status < 300;
  return jsonObjectSegments(messageReportFields(succeeded ? report : { ...report, retried: report.maxRetries }));
}
