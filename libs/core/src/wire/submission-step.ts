import { deliverableForwards, headersUnder } from './headers';
import type { JsonObject } from './json-value';
import { asJsonObject, jsonText, parseJsonObject } from './json-value';
import type { OptionReader } from './option-reader';
import { parseDestination } from './destination';
import type { OptionProblem, Parsed } from './publish-options';
import { headerList, readDeliverySettings } from './submission-settings';
import type { SubmissionLimits } from './submission-settings';
import type { CallSubmission, StepHead } from './submission';

/*
 * The step a submission speaks of: in the body of a step, inside the body of a wait or an invoke, in the callback's headers of a
 * call (protocol.md 7.1, 8.3, 8.4, 8.7). Read for its head only: it is logged and delivered as it came.
 */

/** Far above any client's own limits (they can't count that far in an array), far below where sums lose precision. */
const MAX_COUNT = 1_000_000;
const MAX_NAME_LENGTH = 4_096;

export function parseStepHead(body: string | Uint8Array): Parsed<StepHead> {
  const step = parseJsonObject(body);
  return step === undefined ? wrong('INVALID_JSON', 'the body of a step must be a JSON object') : headOf(step);
}

/** A step that gets its result from the server: its head, and the JSON that the result will be written into (8.4, 8.7). */
export function parseOpenStep(value: unknown): Parsed<{ readonly head: StepHead; readonly json: Uint8Array }> {
  const step = asJsonObject(value);
  if (step === undefined) return wrong('INVALID_BODY', 'step must be a JSON object');
  const head = headOf(step);
  if (!head.ok) return head;
  if (head.value.stepId === 0) return wrong('INVALID_BODY', 'stepId must be from 1 on: a plan has no result');
  const json = jsonText(value);
  if (json === undefined) return wrong('INVALID_JSON', 'the step is nested too deeply');
  return { ok: true, value: { head: head.value, json: new TextEncoder().encode(json) } };
}

function headOf({ stepId, stepName, stepType, concurrent, targetStep }: JsonObject): Parsed<StepHead> {
  if (!isCount(stepId, 0)) return wrong('INVALID_BODY', 'stepId must be a whole number from 0 on');
  if (!isName(stepName)) return wrong('INVALID_BODY', 'stepName must be a text');
  if (!isName(stepType)) return wrong('INVALID_BODY', 'stepType must be a text');
  // Python clients send fields they don't use as null.
  if (!isCount(concurrent ?? 1, 1)) return wrong('INVALID_BODY', 'concurrent must be a whole number from 1 on');
  const head = { stepId, stepName, stepType, concurrent: isCount(concurrent, 1) ? concurrent : 1 };
  if (stepId > 0) return { ok: true, value: head };
  if (!isCount(targetStep, 1)) return wrong('INVALID_BODY', 'a plan (stepId 0) must name its targetStep');
  return { ok: true, value: { ...head, targetStep } };
}

/** What comes back from a third-party call, and where to. */
export function readCallback(reader: OptionReader, limits: SubmissionLimits): CallSubmission['callback'] {
  const url = reader.read('upstash-callback', parseDestination);
  if (url === undefined) reader.refuse('INVALID_DESTINATION', 'a call needs an Upstash-Callback');
  const field = (name: 'stepid' | 'stepname' | 'steptype' | 'concurrent'): string | undefined =>
    reader.text(`upstash-callback-forward-upstash-workflow-${name}`) ??
    reader.refuse('INVALID_HEADER', `Upstash-Callback-Forward-Upstash-Workflow-${name} is missing`);
  const count = (name: 'stepid' | 'concurrent'): number => {
    const text = field(name) ?? '1';
    const number = /^\d{1,7}$/.test(text) ? Number(text) : 0;
    if (!isCount(number, 1)) {
      reader.refuse(
        'INVALID_HEADER',
        `Upstash-Callback-Forward-Upstash-Workflow-${name} must be a whole number from 1 on`,
      );
    }
    return number;
  };
  return {
    url: url ?? '',
    forwards: headerList(deliverableForwards(headersUnder(reader.headers, 'upstash-callback-forward-'))),
    stepId: count('stepid'),
    stepName: field('stepname') ?? '',
    stepType: field('steptype') ?? '',
    concurrent: count('concurrent'),
    settings: readDeliverySettings(reader, 'upstash-callback-', limits),
  };
}

const isCount = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= MAX_COUNT;

const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_NAME_LENGTH;

const wrong = (code: OptionProblem['code'], message: string): Parsed<never> => ({
  ok: false,
  problem: { code, message },
});
