/*
 * The requests of protocol.md as they go over the wire, written from that document alone: no client library, nothing of the engine. A request
 * is data, so that a test can send it twice, late, or in another order.
 */

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without the token: whoever calls a webhook has none. */
  readonly isAnonymous?: true;
}

/** A run, and the URL that its deliveries go to. */
export interface RunAddress {
  readonly id: string;
  readonly url: string;
}

/** A step as the client submits it, and as it comes back in a step list (protocol.md 7.1). */
export interface StepBody {
  readonly stepId: number;
  readonly stepName: string;
  readonly stepType: string;
  readonly concurrent: number;
  readonly targetStep?: number;
  readonly out?: string;
  readonly waitEventId?: string;
  readonly waitTimeout?: boolean;
}

export interface StartOptions {
  readonly payload?: string;
  readonly retries?: number;
  readonly retryDelay?: string;
  /** Default: none. With one, the failure callback goes to the run's own URL. */
  readonly failureCallback?: boolean;
}

const FEATURES = 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig';
const JSON_TYPE = 'application/json';

/** A result that was run by hand: its name and type say nothing. */
export const runStep = (stepId: number, out = 'null', concurrent = 1): StepBody => ({
  stepId,
  stepName: `step ${stepId}`,
  stepType: 'Run',
  out,
  concurrent,
});

/** The plan of one of `concurrent` parallel steps (7.7). */
export const planOf = (targetStep: number, concurrent: number, stepType = 'Run'): StepBody => ({
  stepId: 0,
  stepName: `step ${targetStep}`,
  stepType,
  concurrent,
  targetStep,
});

/** What a call, a wait or an invoke says of its step: everything but the result. */
export const pendingStep = (stepId: number, stepType: string, concurrent = 1): StepBody => ({
  stepId,
  stepName: `step ${stepId}`,
  stepType,
  concurrent,
});

/** `client.trigger` of one run or of many (5.1). */
export function starting(runs: readonly RunAddress[], options: StartOptions = {}): WireRequest {
  return batch(
    runs.map((run) => ({
      destination: run.url,
      headers: { ...stepHeaders(run), 'upstash-workflow-init': 'true', ...optionHeaders(run, options) },
      body: options.payload ?? '{}',
    })),
  );
}

/** Results and plans: one batch, however many (7.3, 7.7). */
export function submitting(run: RunAddress, steps: readonly StepBody[]): WireRequest {
  return batch(steps.map((step) => ({ destination: run.url, headers: stepHeaders(run), body: JSON.stringify(step) })));
}

/** `context.sleep`: a result whose delivery is delayed (8.2). */
export function sleeping(run: RunAddress, stepId: number, delay: string): WireRequest {
  const step = { ...pendingStep(stepId, 'SleepFor'), sleepFor: delay };
  return batch([
    { destination: run.url, headers: { ...stepHeaders(run), 'upstash-delay': delay }, body: JSON.stringify(step) },
  ]);
}

/** `context.sleepUntil` (8.2). @param until unix time in seconds */
export function sleepingUntil(run: RunAddress, stepId: number, until: number): WireRequest {
  const step = { ...pendingStep(stepId, 'SleepUntil'), sleepUntil: until };
  const headers = { ...stepHeaders(run), 'upstash-not-before': String(until) };
  return batch([{ destination: run.url, headers, body: JSON.stringify(step) }]);
}

/** `context.call`, the request to the third party (8.3). */
export function calling(run: RunAddress, step: StepBody, thirdParty: string, body: string): WireRequest {
  const headers = {
    'content-type': 'text/plain',
    'upstash-method': 'POST',
    'upstash-retries': '0',
    'upstash-workflow-calltype': 'toCallback',
    'upstash-feature-set': 'WF_NoDelete,InitialBody',
    'upstash-workflow-init': 'false',
    'upstash-workflow-runid': run.id,
    'upstash-workflow-url': run.url,
    'upstash-workflow-sdk-version': '1',
    'upstash-callback': run.url,
    'upstash-callback-workflow-runid': run.id,
    'upstash-callback-workflow-calltype': 'fromCallback',
    'upstash-callback-workflow-init': 'false',
    'upstash-callback-workflow-url': run.url,
    'upstash-callback-feature-set': FEATURES,
    'upstash-callback-forward-upstash-workflow-callback': 'true',
    'upstash-callback-forward-upstash-workflow-stepid': String(step.stepId),
    'upstash-callback-forward-upstash-workflow-stepname': step.stepName,
    'upstash-callback-forward-upstash-workflow-steptype': step.stepType,
    'upstash-callback-forward-upstash-workflow-concurrent': String(step.concurrent),
    'upstash-callback-forward-upstash-workflow-contenttype': 'text/plain',
  };
  return batch([{ destination: thirdParty, headers, body }]);
}

/** A call's result, submitted by the delivery of its callback (8.3). */
export function returning(run: RunAddress, step: StepBody): WireRequest {
  return { method: 'POST', path: `/v2/publish/${run.url}`, headers: stepHeaders(run), body: JSON.stringify(step) };
}

/** `context.waitForEvent`, `context.waitForWebhook` (8.4). */
export function waiting(run: RunAddress, eventId: string, step: StepBody, timeout = '1d'): WireRequest {
  const body = { url: run.url, timeout, timeoutUrl: run.url, timeoutHeaders: echoHeaders(run), step };
  return {
    method: 'POST',
    path: `/v2/wait/${eventId}`,
    headers: { ...stepHeaders(run), 'upstash-workflow-calltype': 'step' },
    body: JSON.stringify(body),
  };
}

/** To all who wait for the event, or to one run, for which it is kept (8.5). */
export function notifying(eventId: string, body: string, runId?: string): WireRequest {
  const path = runId === undefined ? `/v2/notify/${eventId}` : `/v2/notify/${runId}/${eventId}`;
  return { method: 'POST', path, headers: { 'content-type': 'text/plain' }, body };
}

/** A third party's call of a webhook (8.6). */
export function hooking(runId: string, eventId: string, body: string): WireRequest {
  const path = `/v2/workflows/hooks/defaultUser/${runId}/${eventId}`;
  return { method: 'POST', path, headers: { 'content-type': 'text/plain' }, body, isAnonymous: true };
}

/** `context.invoke`: the child's id is a new one whenever the client says it again (8.7, 7.6). */
export function invoking(parent: RunAddress, step: StepBody, child: RunAddress, payload = '{}'): WireRequest {
  const body = {
    body: payload,
    headers: echoHeaders(parent),
    workflowRunId: parent.id,
    workflowRunCreatedAt: 1_795_340_012_736,
    workflowUrl: parent.url,
    step,
  };
  return {
    method: 'POST',
    path: `/v2/publish/${child.url}`,
    headers: {
      ...stepHeaders(child),
      'upstash-workflow-init': 'true',
      'upstash-workflow-invoke': 'true',
      'upstash-forward-upstash-workflow-invoke-count': '1',
    },
    body: JSON.stringify(body),
  };
}

/** The end of a run, with the JSON text of its result (7.8). */
export function finishing(runId: string, result?: string): WireRequest {
  return {
    method: 'DELETE',
    path: `/v2/workflows/runs/${runId}?cancel=false`,
    headers: { 'content-type': 'text/plain' },
    ...(result === undefined ? {} : { body: result }),
  };
}

/** `context.cancel()` (8.8). */
export const cancelling = (runId: string): WireRequest => ({
  method: 'DELETE',
  path: `/v2/workflows/runs/${runId}?cancel=true`,
  headers: {},
});

/** A dead letter is resumed, restarted or deleted by its id (12). */
export const resuming = (dlqId: string): WireRequest => post(`/v2/workflows/dlq/resume?dlqIds=${dlqId}`);
export const restarting = (dlqId: string): WireRequest => post(`/v2/workflows/dlq/restart?dlqIds=${dlqId}`);
export const deletingLetter = (dlqId: string): WireRequest => ({
  ...post(`/v2/workflows/dlq/${dlqId}`),
  method: 'DELETE',
});

export const reading = (path: string): WireRequest => ({ method: 'GET', path, headers: {} });

const post = (path: string): WireRequest => ({ method: 'POST', path, headers: {} });

interface BatchItem {
  readonly destination: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function batch(items: readonly BatchItem[]): WireRequest {
  return { method: 'POST', path: '/v2/batch', headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(items) };
}

const stepHeaders = (run: RunAddress): Record<string, string> => ({
  'content-type': JSON_TYPE,
  'upstash-method': 'POST',
  'upstash-workflow-init': 'false',
  'upstash-workflow-runid': run.id,
  'upstash-workflow-url': run.url,
  'upstash-workflow-sdk-version': '1',
  'upstash-forward-upstash-workflow-sdk-version': '1',
  'upstash-feature-set': FEATURES,
});

/** Headers of the delivery that a wait's or invoke's result is to have; the run's id comes in two spellings (8.4). */
const echoHeaders = (run: RunAddress): Record<string, readonly string[]> => ({
  'Upstash-Workflow-Init': ['false'],
  'Upstash-Workflow-RunId': [run.id],
  'Upstash-Workflow-Runid': [run.id],
  'Upstash-Workflow-Url': [run.url],
  'Upstash-Feature-Set': [FEATURES],
  'Upstash-Workflow-Sdk-Version': ['1'],
  'Upstash-Forward-Upstash-Workflow-Sdk-Version': ['1'],
  'content-type': [JSON_TYPE],
  'Upstash-Workflow-CallType': ['step'],
});

function optionHeaders(
  run: RunAddress,
  { retries, retryDelay, failureCallback }: StartOptions,
): Record<string, string> {
  return {
    ...(retries === undefined ? {} : { 'upstash-retries': String(retries) }),
    ...(retryDelay === undefined ? {} : { 'upstash-retry-delay': retryDelay }),
    ...(failureCallback === true ? failureHeaders(run) : {}),
  };
}

const failureHeaders = (run: RunAddress): Record<string, string> => ({
  'upstash-failure-callback': run.url,
  'upstash-failure-callback-feature-set': FEATURES,
  'upstash-failure-callback-workflow-runid': run.id,
  'upstash-failure-callback-workflow-init': 'false',
  'upstash-failure-callback-workflow-url': run.url,
  'upstash-failure-callback-workflow-calltype': 'failureCall',
  'upstash-failure-callback-forward-upstash-workflow-is-failure': 'true',
  'upstash-failure-callback-forward-upstash-workflow-failure-callback': 'true',
});
