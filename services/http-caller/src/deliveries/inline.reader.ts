import { createHash } from 'node:crypto';
import type { AttemptKey, Clock, HeaderList } from '@stepwell/core';
import { idInRun, parseInlineAnswer, saysInline } from '@stepwell/core';
import type { SubmissionConfig } from '@stepwell/platform';
import type { AnswerRule, HttpAttempt } from '../outbound/http-attempt';
import { isSuccess } from '../outbound/http-attempt';

/** What is kept of an endpoint's error page, for logs and failure callbacks. */
const ERROR_BODY_BYTES = 1024 * 1024;
const ERROR: AnswerRule = { keeps: true, maxBodyBytes: ERROR_BODY_BYTES, over: 'cut' };
/** The body of a success means nothing to us, unless it says that it does. */
const SUCCESS: AnswerRule = { keeps: false, maxBodyBytes: ERROR_BODY_BYTES, over: 'cut' };

/**
 * Answers that hold what their endpoint submits (deploy/docs/reference/native-protocol.md): which they are, and what they say. One that
 * can't be taken is a failed attempt; the decision on what it says is run-state's.
 */
export class InlineReader {
  private readonly inline: AnswerRule;

  constructor(
    private readonly limits: SubmissionConfig,
    private readonly clock: Clock,
  ) {
    this.inline = { keeps: true, maxBodyBytes: limits.bodyLimitBytes, over: { raise: 'STEPWELL_GATEWAY_BODY_LIMIT' } };
  }

  /** For deliveries that announce it. */
  readonly announced = (status: number, headers: HeaderList): AnswerRule =>
    isSuccess(status) && saysInline(headers) ? this.inline : this.official(status);

  readonly official = (status: number): AnswerRule => (isSuccess(status) ? SUCCESS : ERROR);

  /** The attempt with what its answer submits, if it is such an answer: its body is read, and not kept. */
  read(key: AttemptKey, attempt: HttpAttempt): HttpAttempt {
    if (attempt.body === undefined || !isSuccess(attempt.status ?? 0)) return attempt;
    const { body, ...ended } = attempt;
    const { runId } = key;
    let made = 0;
    const answer = parseInlineAnswer(body, {
      runId,
      messageIdIn: (run) => messageId(key, made++, run),
      // Nobody called from there: it is an answer.
      callerIp: '',
      nowMs: this.clock.nowMs(),
      limits: this.limits,
      maxItems: this.limits.batchLimit,
    });
    if (answer.ok) return { ...ended, steps: answer.value };
    const { code, message } = answer.problem;
    return { ...ended, error: { code, message: `the answer with Stepwell-Steps: inline is refused: ${message}` } };
  }
}

/**
 * Made of the attempt and a place in its answer, and so without dice. Of the answers to one attempt, should there be several, one at
 * most is recorded.
 */
function messageId({ messageId: answered, attempt }: AttemptKey, place: number, runId: string): string {
  const unique = createHash('sha256').update(`${answered}#${attempt}#${place}`).digest('base64url').slice(0, 16);
  return idInRun('msg', unique, runId);
}
