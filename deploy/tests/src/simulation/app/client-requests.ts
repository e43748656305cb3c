import type { ReceivedItem } from '@stepwell/core';
import type { Program, Step } from './program';
import { STEP_TYPES } from './program';

/*
 * What the official client sends (protocol.md 5.1, 7.3, 8.3, 8.4, 8.7), as the gateway's desks get it.
 */

const APP_URL = 'https://app.example/api/program';
export const THIRD_PARTY_URL = 'https://third.example/charge';
const FEATURES = 'LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig';

export interface StepPosition {
  readonly runId: string;
  readonly stepId: number;
  readonly concurrent: number;
}

const runHeaders = (runId: string, isStart: boolean): Record<string, string> => ({
  'content-type': 'application/json',
  'upstash-method': 'POST',
  'upstash-workflow-init': String(isStart),
  'upstash-workflow-runid': runId,
  'upstash-workflow-url': APP_URL,
  'upstash-workflow-sdk-version': '1',
  'upstash-forward-upstash-workflow-sdk-version': '1',
  'upstash-feature-set': FEATURES,
});

const payloadOf = (program: number): string => JSON.stringify({ program });

export function startItem(runId: string, place: number, program: Program): ReceivedItem {
  const failure: Record<string, string> = program.hasFailureCallback
    ? {
        'upstash-failure-callback': APP_URL,
        'upstash-failure-callback-forward-upstash-workflow-is-failure': 'true',
        'upstash-failure-callback-forward-upstash-workflow-failure-callback': 'true',
        'upstash-failure-callback-retries': '3',
        'upstash-failure-callback-retry-delay': '500',
      }
    : {};
  return {
    destination: APP_URL,
    headers: { ...runHeaders(runId, true), ...failure, ...settingsOf(program) },
    body: payloadOf(place),
  };
}

const settingsOf = ({ retries, retryDelay }: Program): Record<string, string> => ({
  'upstash-retries': String(retries),
  ...(retryDelay === undefined ? {} : { 'upstash-retry-delay': retryDelay }),
});

const stepFields = ({ stepId, concurrent }: StepPosition, step: Step): object => ({
  stepId,
  stepName: `step-${stepId}`,
  stepType: STEP_TYPES[step.form],
  concurrent,
});

/** A step that was run; a sequential sleep's is delivered when it is over. */
export function resultItem(position: StepPosition, step: Step, out: unknown): ReceivedItem {
  const sleeps = step.form === 'sleep' && position.concurrent === 1;
  return {
    destination: APP_URL,
    headers: { ...runHeaders(position.runId, false), ...(sleeps ? delayOf(step) : {}) },
    body: JSON.stringify({ ...stepFields(position, step), out: JSON.stringify(out) }),
  };
}

/** One of a group: its delivery runs the branch. */
export function planItem(position: StepPosition, step: Step): ReceivedItem {
  return {
    destination: APP_URL,
    headers: { ...runHeaders(position.runId, false), ...(step.form === 'sleep' ? delayOf(step) : {}) },
    body: JSON.stringify({ ...stepFields(position, step), stepId: 0, targetStep: position.stepId }),
  };
}

const delayOf = ({ delayMs }: Step): Record<string, string> => ({ 'upstash-delay': `${delayMs / 1_000}s` });

export function callItem(position: StepPosition, step: Step): ReceivedItem {
  const { runId, stepId, concurrent } = position;
  return {
    destination: `${THIRD_PARTY_URL}?run=${encodeURIComponent(runId)}&step=${stepId}`,
    headers: {
      ...runHeaders(runId, false),
      'upstash-workflow-calltype': 'toCallback',
      'upstash-retries': String(step.retries),
      'upstash-retry-delay': '700',
      'upstash-timeout': '30s',
      'upstash-callback': APP_URL,
      'upstash-callback-forward-upstash-workflow-callback': 'true',
      'upstash-callback-forward-upstash-workflow-stepid': String(stepId),
      'upstash-callback-forward-upstash-workflow-stepname': `step-${stepId}`,
      'upstash-callback-forward-upstash-workflow-steptype': 'Call',
      'upstash-callback-forward-upstash-workflow-concurrent': String(concurrent),
    },
    body: JSON.stringify({ pay: stepId }),
  };
}

export function waitRequest(
  position: StepPosition,
  step: Step,
): { eventId: string; headers: Record<string, string>; body: string } {
  const headers = runHeaders(position.runId, false);
  return {
    eventId: step.eventId,
    headers,
    body: JSON.stringify({
      url: APP_URL,
      timeout: `${step.timeoutMs / 1_000}s`,
      timeoutUrl: APP_URL,
      timeoutHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      step: stepFields(position, step),
    }),
  };
}

/** The child's id is another one with every attempt; the parent takes the first. */
export function invokeItem(position: StepPosition, step: Step, childId: string, child: Program): ReceivedItem {
  const headers = runHeaders(position.runId, false);
  return {
    destination: APP_URL,
    headers: { ...runHeaders(childId, true), 'upstash-workflow-invoke': 'true', ...settingsOf(child) },
    body: JSON.stringify({
      body: payloadOf(step.child),
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      workflowRunId: position.runId,
      workflowUrl: APP_URL,
      step: stepFields(position, step),
    }),
  };
}
