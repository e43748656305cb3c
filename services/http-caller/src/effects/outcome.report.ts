import type {
  AttemptKey,
  AttemptOutcome,
  BodyIndex,
  DeliveryReport,
  HeaderList,
  InlineAnswer,
  ReportedSteps,
} from '@stepwell/core';
import type { HttpAttempt } from '../outbound/http-attempt';
import { isSuccess } from '../outbound/http-attempt';

/** The attempt's report; its bodies, if any, are put at the end of `bodies`. */
export function reportOf(key: AttemptKey, attempt: HttpAttempt, bodies: Uint8Array[]): DeliveryReport {
  const { runId, messageId, attempt: number } = key;
  const outcome = outcomeOf(attempt, bodies);
  if (attempt.steps === undefined) return { runId, messageId, attempt: number, outcome };
  return { runId, messageId, attempt: number, outcome, steps: stepsOf(attempt.steps, bodies) };
}

function stepsOf({ submissions, finish, bodies: own }: InlineAnswer, bodies: Uint8Array[]): ReportedSteps {
  const from = bodies.length;
  bodies.push(...own);
  return { items: submissions, ...(finish && { finish }), bodies: { from, count: own.length } };
}

function outcomeOf({ status, headers, body, error, durationMs }: HttpAttempt, bodies: Uint8Array[]): AttemptOutcome {
  let bodyIndex: BodyIndex | undefined;
  if (body !== undefined) bodyIndex = bodies.push(body) - 1;
  return {
    ...(status !== undefined && { status }),
    headers,
    ...(bodyIndex !== undefined && { body: bodyIndex }),
    ...(error !== undefined && { error }),
    durationMs,
  };
}

/** Of a successful delivery only what the workflow client says about itself is worth keeping. */
export function deliveryHeaders({ status, headers }: HttpAttempt): HeaderList {
  if (status === undefined || !isSuccess(status)) return headers;
  return headers.filter(([name]) => name.startsWith('upstash-') || name === 'content-type');
}
