import { ERROR_CODES, type ErrorCode } from '../rest/error-codes';
import type { HeaderMap } from '../wire/headers';

/**
 * What the end of one HTTP attempt means for its message (protocol.md 9.1).
 *
 * Owns: the verdict on the answer alone. Does not own: how many retries are left and when the next is due (backoff.ts), nor
 * whether a success was followed by what it owed (L7). No clock, no state.
 *
 * 1. 2xx is success, everything else is to be retried, but for 2 and 3; redirects are not followed and count as failures.
 * 2. It is over at once when the endpoint says so by status 489 *and* `Upstash-NonRetryable-Error: true`, and when the first
 *    delivery of a run is answered with success by something that is no workflow endpoint (protocol.md 5.6).
 * 3. A workflow endpoint that failed because *we* were out (B4) is recognised by our own error in its answer; the verdict is
 *    `outage`, which must cost the user no retry. Nobody else is believed: what a third party writes is its own matter.
 */

export type AttemptEnd =
  | { readonly answered: true; readonly status: number; readonly headers: HeaderMap; readonly body: Uint8Array }
  | { readonly answered: false; readonly code: NoAnswerCode; readonly message: string };

export type NoAnswerCode = Extract<
  ErrorCode,
  'CONNECTION_FAILED' | 'DELIVERY_TIMEOUT' | 'RESPONSE_TOO_LARGE' | 'DESTINATION_BLOCKED' | 'UNAVAILABLE'
>;

/**
 * Whom the attempt was addressed to:
 * - `workflow-start`: the first delivery of a run whose client announced `WF_DetectTrigger`;
 * - `workflow-start-by-rest`: the same of one started over `/v2/trigger`, which libraries before 1.0 don't understand (protocol.md 5.5);
 * - `workflow`: every other delivery to a workflow endpoint;
 * - `elsewhere`: third-party calls, plain messages, failure URLs of other services.
 */
export type Addressee = 'workflow-start' | 'workflow-start-by-rest' | 'workflow' | 'elsewhere';

export type AttemptVerdict =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'retry'; readonly code: ErrorCode; readonly message: string; readonly stepName?: string }
  | { readonly kind: 'fatal'; readonly code: ErrorCode; readonly message: string; readonly stepName?: string }
  | { readonly kind: 'outage'; readonly message: string };

const NON_RETRYABLE_STATUS = 489;

/** `stepName` is the step that failed, where the endpoint names it (`Upstash-Error-Step-Name`, 9.4). */
export function judgeAttempt(end: AttemptEnd, addressee: Addressee): AttemptVerdict {
  if (!end.answered) return { kind: 'retry', code: end.code, message: end.message };

  const { status, headers, body } = end;
  if (status >= 200 && status < 300) {
    const misled = misdirection(headers, addressee);
    return misled ? { kind: 'fatal', ...explained(misled) } : { kind: 'succeeded' };
  }

  const stepName = headers['upstash-error-step-name'];
  const where = stepName === undefined ? {} : { stepName };
  if (status === NON_RETRYABLE_STATUS && headers['upstash-nonretryable-error']?.trim().toLowerCase() === 'true') {
    return { kind: 'fatal', ...explained('NON_RETRYABLE'), ...where };
  }
  if (addressee !== 'elsewhere' && tellsOfOutage(body)) {
    return { kind: 'outage', message: ERROR_CODES.UNAVAILABLE.message };
  }
  return { kind: 'retry', code: 'HTTP_ERROR', message: `the destination answered with status ${status}`, ...where };
}

/** What a success of a first delivery that doesn't come from a fitting workflow endpoint means. */
function misdirection(headers: HeaderMap, addressee: Addressee): ErrorCode | undefined {
  if (addressee === 'workflow' || addressee === 'elsewhere') return undefined;
  if (headers['upstash-workflow-sdk-version'] === undefined) return 'NON_WORKFLOW_DESTINATION';
  const isOld = addressee === 'workflow-start-by-rest' && headers['upstash-workflow-sdk'] === undefined;
  return isOld ? 'OLD_CLIENT' : undefined;
}

function explained(code: ErrorCode): { readonly code: ErrorCode; readonly message: string } {
  return { code, message: ERROR_CODES[code].message };
}

/** Ours is a few hundred bytes and the client adds a stack; larger answers are somebody's page. */
const MAX_OUTAGE_BODY_BYTES = 64 * 1024;
/** Our answer, inside the client's error text, inside an endpoint's own wrapping. */
const MAX_NESTING = 3;

/** Whether an answer is, or carries as text, our own `{"error": …, "code": "UNAVAILABLE"}`. */
function tellsOfOutage(body: Uint8Array): boolean {
  if (body.byteLength > MAX_OUTAGE_BODY_BYTES) return false;
  const text = new TextDecoder().decode(body);
  return text.includes('UNAVAILABLE') && textTellsOfOutage(text, 0);
}

/**
 * The client's `message` is our answer's text, bare or behind words such as "Error submitting steps …: QstashError:". So the
 * JSON is looked for from the first brace to the last; the `stack` repeats the message and need not be read.
 */
function textTellsOfOutage(text: string, nesting: number): boolean {
  const found: unknown = parseObject(text);
  if (typeof found !== 'object' || found === null) return false;
  const { error, code, message } = found as {
    readonly error?: unknown;
    readonly code?: unknown;
    readonly message?: unknown;
  };
  if (typeof error === 'string' && code === ('UNAVAILABLE' satisfies ErrorCode)) return true;
  if (nesting >= MAX_NESTING) return false;
  return [message, error].some((inner) => typeof inner === 'string' && textTellsOfOutage(inner, nesting + 1));
}

function parseObject(text: string): unknown {
  const from = text.indexOf('{');
  const to = text.lastIndexOf('}');
  if (from < 0 || to < from) return undefined;
  try {
    return JSON.parse(text.slice(from, to + 1));
  } catch {
    return undefined;
  }
}
