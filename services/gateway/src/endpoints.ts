import type { Type } from '@nestjs/common';
import { ReadWaitersEndpoint } from './events/read-waiters.endpoint';
import { ReadKeysEndpoint } from './keys/read-keys.endpoint';
import { ProbeLivenessEndpoint } from './liveness/probe-liveness.endpoint';
import { CancelRunsEndpoint } from './runs/cancel-runs.endpoint';
import { EndRunEndpoint } from './runs/end-run.endpoint';
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
  ReadWaitersEndpoint,
  ReadKeysEndpoint,
  ProbeLivenessEndpoint,
];
