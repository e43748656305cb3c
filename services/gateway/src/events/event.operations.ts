import { SUBMISSION_PROBLEMS } from '@stepwell/core';
import { listOf, named, nothing } from '../description/form';
import type { LeanOperation } from '../description/lean-operation';
import { without } from '../description/lean-operation';
import { AcceptedItem } from '../submissions/submission.answers';
import { NotifiedWaiter } from './waiter.answers';

/* What the reference says of the routes of `event.routes.ts`. */

const text = { type: 'string' };
const headerLists = { anyOf: [{ ...text }, { type: 'array', items: text }, { type: 'null' }] };

/** As core's `parseWait` reads it. */
const waitSchema = {
  type: 'object',
  required: ['url', 'step'],
  properties: {
    url: { ...text, description: 'Where the result is delivered.', examples: ['https://app.example/api/onboarding'] },
    timeout: {
      anyOf: [{ ...text, examples: ['7d', '30s'] }, { type: 'number' }, { type: 'null' }],
      description: 'How long to wait, as a duration or in seconds; 7 days by default.',
    },
    timeoutUrl: {
      anyOf: [text, { type: 'null' }],
      description: 'Where it is delivered that nothing came; `url` by default.',
    },
    timeoutHeaders: {
      anyOf: [{ type: 'object', additionalProperties: headerLists }, { type: 'null' }],
      description:
        'Headers of either delivery, as those of a step. `Upstash-Workflow-RunId` among them, or among the request’s own, names the run.',
    },
    step: {
      type: 'object',
      description: 'The step that waits; its result is written into it.',
      required: ['stepId', 'stepName', 'stepType'],
      properties: {
        stepId: { type: 'integer', minimum: 1, maximum: 1_000_000 },
        stepName: { ...text, maxLength: 4_096 },
        stepType: { ...text, maxLength: 4_096, examples: ['Wait', 'WaitForWebhook'] },
        concurrent: { anyOf: [{ type: 'integer', minimum: 1, maximum: 1_000_000 }, { type: 'null' }] },
      },
    },
  },
};

const notice = { details: 'What those who wait are given, any bytes.', required: false };

/** TRACE and CONNECT are not possible; other methods than these are, too. */
const HOOK_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export const eventOperations: readonly LeanOperation[] = [
  {
    id: 'wait',
    tag: 'Events',
    methods: ['POST'],
    path: '/v2/wait/{eventId}',
    summary: 'Let a run wait for an event',
    details: `Once this is answered with success, no notice of the event is missed.`,
    headers: ['Upstash-Workflow-RunId'],
    body: {
      details: 'The step that waits, for how long, and where its result goes.',
      required: true,
      json: named('Wait', waitSchema),
    },
    status: 200,
    answer: AcceptedItem,
    errors: [
      ...without(SUBMISSION_PROBLEMS, 'INVALID_CRON', 'NOT_SUPPORTED'),
      'RUN_ENDED',
      ['UNKNOWN_RUN', 400],
      'UNAVAILABLE',
    ],
  },
  {
    id: 'notify',
    tag: 'Events',
    methods: ['POST'],
    path: '/v2/notify/{eventId}',
    summary: 'Notify every run that waits for an event now',
    details: 'Of very many only the first are listed; all are notified.',
    body: notice,
    status: 200,
    answer: listOf(NotifiedWaiter),
    errors: ['INVALID_EVENT_ID', 'UNAVAILABLE'],
  },
  {
    id: 'notifyRun',
    tag: 'Events',
    methods: ['POST'],
    path: '/v2/notify/{workflowRunId}/{eventId}',
    summary: 'Notify one run, now or once it waits',
    details: `Notices that the run does not wait for yet are kept for it, in their order. A run that has ended waits for nothing, and the list
is empty.`,
    body: notice,
    status: 200,
    answer: listOf(NotifiedWaiter),
    errors: ['INVALID_RUN_ID', 'INVALID_EVENT_ID', 'UNKNOWN_RUN', 'UNAVAILABLE'],
  },
  {
    id: 'callWebhook',
    tag: 'Events',
    methods: HOOK_METHODS,
    path: '/v2/workflows/hooks/{userId}/{workflowRunId}/{eventId}',
    open: true,
    summary: 'Call the webhook of a run',
    details: `For third parties, with any method, body and query. The run gets the call as it was made, once it waits for it.`,
    body: { details: 'Any bytes.', required: false },
    status: 200,
    answer: nothing,
    errors: ['NOT_FOUND', 'UNKNOWN_RUN', ['RUN_ENDED', 404], 'INVALID_HEADER', 'UNAVAILABLE'],
  },
];
