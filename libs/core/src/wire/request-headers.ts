/*
 * Every request header that something is read from by its name (protocol.md 2.3, 5, 7.3, 8.3, 8.7, 12). The parsers can ask for no
 * other, since their reader takes the names of this table alone, and the API's reference is made of it. Names are compared in any case.
 *
 * Under three prefixes headers are taken as they come: `Upstash-Forward-`, `Upstash-Callback-Forward-` and
 * `Upstash-Failure-Callback-Forward-`, for what is sent on. Every other `Upstash-*` header is ignored.
 */

type HeaderForm = 'count' | 'duration' | 'flag' | 'text' | 'unix-seconds' | 'url';

interface HeaderEntry {
  readonly form: HeaderForm;
  /** One sentence. */
  readonly meaning: string;
  readonly example?: string;
}

const RETRY_DELAY = 'pow(2, retried) * 1000';
const FLOW_CONTROL = 'parallelism=3, rate=5, period=1m';

export const REQUEST_HEADERS = {
  'Content-Type': { form: 'text', meaning: 'Type of the body; it is delivered with it.' },
  'Upstash-Method': { form: 'text', meaning: 'Method of the delivery; POST by default.', example: 'PUT' },
  'Upstash-Delay': { form: 'duration', meaning: 'How long to wait before the delivery.', example: '10s' },
  'Upstash-Not-Before': {
    form: 'unix-seconds',
    meaning: 'Time of the delivery, in unix seconds; it wins over a delay.',
    example: '1700000000',
  },
  'Upstash-Timeout': {
    form: 'duration',
    meaning: 'How long the third party of a call may take; a bare number is seconds.',
    example: '30s',
  },
  'Upstash-Retries': {
    form: 'count',
    meaning: 'How often a failed delivery is tried again; 3 by default.',
    example: '5',
  },
  'Upstash-Retry-Delay': {
    form: 'text',
    meaning: 'Expression for the milliseconds before a retry, over the variable `retried`.',
    example: RETRY_DELAY,
  },
  'Upstash-Flow-Control-Key': {
    form: 'text',
    meaning: 'Key of the flow control; it is kept and shown, not enforced yet.',
    example: 'mails',
  },
  'Upstash-Flow-Control-Value': {
    form: 'text',
    meaning: 'Limits of the flow control, which go with the key.',
    example: FLOW_CONTROL,
  },
  'Upstash-Label': {
    form: 'text',
    meaning: 'Labels of the run, separated by commas, by which it can be found.',
    example: 'trial,eu',
  },
  'Upstash-Redact-Fields': {
    form: 'text',
    meaning: 'What logs show as a hash only: `body`, `header`, `header[Name]`, separated by commas.',
    example: 'body,header[Authorization]',
  },
  'Upstash-Cron': { form: 'text', meaning: 'A schedule; refused with NOT_SUPPORTED.', example: '0 5 * * 1' },
  'Upstash-Feature-Set': {
    form: 'text',
    meaning: 'What the client library can do.',
    example: 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig',
  },
  'Upstash-Workflow-RunId': { form: 'text', meaning: 'The run; `wfr_` and some letters by custom.', example: 'wfr_1' },
  'Upstash-Workflow-Url': {
    form: 'url',
    meaning: 'URL of the workflow; the destination by default.',
    example: 'https://app.example/api/onboarding',
  },
  'Upstash-Workflow-Init': { form: 'flag', meaning: '`true` starts the run.', example: 'true' },
  'Upstash-Workflow-CallType': {
    form: 'text',
    meaning: '`step`, also by default, or `toCallback` for a call of a third party.',
    example: 'step',
  },
  'Upstash-Workflow-Invoke': { form: 'flag', meaning: '`true` starts the run for another one.', example: 'true' },
  'Upstash-Workflow-Trigger-By-Sdk': {
    form: 'flag',
    meaning: '`true` goes on with a start that the client library was asked about.',
    example: 'true',
  },
  'Upstash-Workflow-Unknown-Sdk': {
    form: 'flag',
    meaning: '`true` lets the endpoint’s library go on with the start by itself, whatever its version.',
    example: 'true',
  },
  'Upstash-Forward-Upstash-Workflow-Invoke-Count': {
    form: 'count',
    meaning: 'How many runs have invoked each other so far.',
    example: '1',
  },
  'Upstash-Callback': {
    form: 'url',
    meaning: 'Where the answer of a called third party is delivered.',
    example: 'https://app.example/api/onboarding',
  },
  'Upstash-Callback-Retries': { form: 'count', meaning: 'Retries of that delivery.', example: '5' },
  'Upstash-Callback-Retry-Delay': { form: 'text', meaning: 'Delay of its retries.', example: RETRY_DELAY },
  'Upstash-Callback-Flow-Control-Key': { form: 'text', meaning: 'Its flow control key.', example: 'mails' },
  'Upstash-Callback-Flow-Control-Value': { form: 'text', meaning: 'Its flow control limits.', example: FLOW_CONTROL },
  'Upstash-Callback-Forward-Upstash-Workflow-StepId': {
    form: 'count',
    meaning: 'Number of the step that calls.',
    example: '1',
  },
  'Upstash-Callback-Forward-Upstash-Workflow-StepName': {
    form: 'text',
    meaning: 'Name of the step that calls.',
    example: 'charge',
  },
  'Upstash-Callback-Forward-Upstash-Workflow-StepType': {
    form: 'text',
    meaning: 'Kind of the step that calls.',
    example: 'Call',
  },
  'Upstash-Callback-Forward-Upstash-Workflow-Concurrent': {
    form: 'count',
    meaning: 'Number of steps beside it, itself included.',
    example: '1',
  },
  'Upstash-Failure-Callback': {
    form: 'url',
    meaning: 'Where the failure of the run is delivered.',
    example: 'https://app.example/api/failed',
  },
  'Upstash-Failure-Callback-Retries': { form: 'count', meaning: 'Retries of that delivery.', example: '5' },
  'Upstash-Failure-Callback-Retry-Delay': { form: 'text', meaning: 'Delay of its retries.', example: RETRY_DELAY },
  'Upstash-Failure-Callback-Flow-Control-Key': { form: 'text', meaning: 'Its flow control key.', example: 'mails' },
  'Upstash-Failure-Callback-Flow-Control-Value': {
    form: 'text',
    meaning: 'Its flow control limits.',
    example: FLOW_CONTROL,
  },
} as const satisfies Readonly<Record<string, HeaderEntry>>;

export type RequestHeader = keyof typeof REQUEST_HEADERS;
/** As a header map holds it. */
export type ReadHeader = Lowercase<RequestHeader>;

/** Of a resume or restart, for what is to be different this time (protocol.md 12). */
export const TAKE_OVER_HEADERS = [
  'Upstash-Delay',
  'Upstash-Not-Before',
  'Upstash-Retries',
  'Upstash-Retry-Delay',
  'Upstash-Flow-Control-Key',
  'Upstash-Flow-Control-Value',
  'Upstash-Label',
  'Upstash-Failure-Callback',
] as const satisfies readonly RequestHeader[];

/** Of a start that leaves the protocol's own headers to the server (protocol.md 5.5). */
export const TRIGGER_HEADERS = [
  'Upstash-Workflow-RunId',
  'Upstash-Workflow-Unknown-Sdk',
  'Content-Type',
  ...TAKE_OVER_HEADERS,
  'Upstash-Redact-Fields',
  'Upstash-Cron',
  'Upstash-Failure-Callback-Retries',
  'Upstash-Failure-Callback-Retry-Delay',
  'Upstash-Failure-Callback-Flow-Control-Key',
  'Upstash-Failure-Callback-Flow-Control-Value',
] as const satisfies readonly RequestHeader[];

/** Of any other submission. */
export const SUBMISSION_HEADERS = Object.keys(REQUEST_HEADERS).filter(
  (name) => name !== 'Upstash-Workflow-Unknown-Sdk',
) as readonly RequestHeader[];
