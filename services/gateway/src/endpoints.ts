import type { Type } from '@nestjs/common';
import { CancelFailureCallbackEndpoint } from './dead-letters/cancel-failure-callback.endpoint';
import { DeleteDeadLettersEndpoint } from './dead-letters/delete-dead-letters.endpoint';
import { ListDeadLettersEndpoint } from './dead-letters/list-dead-letters.endpoint';
import { ReadDeadLetterEndpoint } from './dead-letters/read-dead-letter.endpoint';
import { RepeatFailureCallbackEndpoint } from './dead-letters/repeat-failure-callback.endpoint';
import { RestartRunsEndpoint } from './dead-letters/restart-runs.endpoint';
import { ResumeRunsEndpoint } from './dead-letters/resume-runs.endpoint';
import { ReadWaitersEndpoint } from './events/read-waiters.endpoint';
import { ReadKeysEndpoint } from './keys/read-keys.endpoint';
import { ProbeLivenessEndpoint } from './liveness/probe-liveness.endpoint';
import { CancelMessageEndpoint } from './messages/cancel-message.endpoint';
import { CancelMessagesEndpoint } from './messages/cancel-messages.endpoint';
import { ReadMessageEndpoint } from './messages/read-message.endpoint';
import { CancelRunsEndpoint } from './runs/cancel-runs.endpoint';
import { EndRunEndpoint } from './runs/end-run.endpoint';
import { ExplainRunEndpoint } from './runs/explain-run.endpoint';
import { ListRunsEndpoint } from './runs/list-runs.endpoint';
import { ReadMessagesEndpoint } from './runs/read-messages.endpoint';

/**
 * Every cold route of the API, one line each. The hot ones are in `submissions/submission.routes.ts` and
 * `events/event.routes.ts`.
 */
export const endpoints: Type[] = [
  ReadMessagesEndpoint,
  EndRunEndpoint,
  CancelRunsEndpoint,
  ListRunsEndpoint,
  ExplainRunEndpoint,
  ReadWaitersEndpoint,
  ReadMessageEndpoint,
  CancelMessageEndpoint,
  CancelMessagesEndpoint,
  ListDeadLettersEndpoint,
  ReadDeadLetterEndpoint,
  DeleteDeadLettersEndpoint,
  ResumeRunsEndpoint,
  RestartRunsEndpoint,
  RepeatFailureCallbackEndpoint,
  CancelFailureCallbackEndpoint,
  ReadKeysEndpoint,
  ProbeLivenessEndpoint,
];
