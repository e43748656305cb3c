import { SUBMISSION_HEADERS, SUBMISSION_PROBLEMS, TRIGGER_HEADERS } from '@stepwell/core';
import type { DescribedError } from '../description/described';
import { either, listOf, named } from '../description/form';
import type { LeanOperation } from '../description/lean-operation';
import { without } from '../description/lean-operation';
import { batchSchema } from './batch-body';
import { AcceptedItem, RefusedItem, TriggeredRun } from './submission.answers';

/* What the reference says of the routes of `submission.routes.ts`. */

const FORWARDED = `Headers under \`Upstash-Forward-\` are delivered without that prefix, those under \`Upstash-Callback-Forward-\` and
\`Upstash-Failure-Callback-Forward-\` with the callback and the failure callback. Other \`Upstash-*\` headers are ignored.`;

const OUTCOMES = `If every item is refused, the answer is that of the first refusal. If only some are, each has its outcome in its place. Items of
one run are recorded together or not at all.`;

const item = named('BatchItem', batchSchema.items);
const batch = {
  details: 'A list of items, or one item alone.',
  required: true,
  json: either(listOf(item), item),
} as const;

const parsed = without(SUBMISSION_PROBLEMS, 'INVALID_EVENT_ID');
const errors: readonly DescribedError[] = [...parsed, 'RUN_ENDED', ['UNKNOWN_RUN', 400], 'OVERLOADED', 'UNAVAILABLE'];

export const submissionOperations: readonly LeanOperation[] = [
  {
    id: 'publish',
    tag: 'Starts and steps',
    methods: ['POST'],
    path: '/v2/publish/{destination}',
    summary: 'Start a run, record a step, call a third party, or invoke another workflow',
    details: `What it is depends on its headers: with \`Upstash-Workflow-Init: true\` a start whose payload is the body, with
\`Upstash-Workflow-Invoke: true\` an invoke, with \`Upstash-Workflow-CallType: toCallback\` a call, else a step, whose JSON is the body.

${FORWARDED}`,
    headers: SUBMISSION_HEADERS,
    body: {
      details: `Of a start any bytes; of a step its JSON; of a call what the third party gets; of an invoke a JSON object with the step, the
child’s payload and where its result goes.`,
      required: false,
    },
    status: 200,
    answer: AcceptedItem,
    errors,
  },
  {
    id: 'publishBatch',
    tag: 'Starts and steps',
    methods: ['POST'],
    path: '/v2/batch',
    summary: 'Publish several items at once',
    details: `Each item is a publish: its destination, its headers by any spelling of their names, and its body, which may be any JSON.

${OUTCOMES} If one could not be recorded at the moment, the answer is 429 or 503 for all of them: asked again, those that were recorded are
recognised.

${FORWARDED}`,
    body: batch,
    status: 200,
    answer: listOf(either(AcceptedItem, RefusedItem)),
    errors,
  },
  {
    id: 'trigger',
    tag: 'Starts and steps',
    methods: ['POST'],
    path: '/v2/trigger/{destination}',
    summary: 'Start a run without the client library',
    details: `The protocol’s own headers are filled in by the server, the run’s id included. The endpoint has to use version 1.0 or later of
its client library.

${FORWARDED}`,
    headers: TRIGGER_HEADERS,
    body: { details: 'The payload, any bytes.', required: false },
    status: 200,
    answer: TriggeredRun,
    errors,
  },
  {
    id: 'triggerBatch',
    tag: 'Starts and steps',
    methods: ['POST'],
    path: '/v2/batch/trigger',
    summary: 'Start several runs without the client library',
    details: `Each item is a trigger: its destination, its headers and its payload, which may be any JSON.

${OUTCOMES}`,
    body: batch,
    status: 201,
    answer: listOf(either(TriggeredRun, RefusedItem)),
    errors,
  },
];
