import { bodyText, headersInJson, parseJsonObject } from './json-value';
import type { OptionReader } from './option-reader';
import type { ParsedSubmission, SubmissionContext, SubmissionInput } from './parsed-submission';
import { isRunId, judged, refusal, RUN_ID_FORM } from './parsed-submission';
import type { ChildStart } from './submission';
import type { SubmissionLimits } from './submission-settings';
import { readerOf, readMessageFields, readTiming, readTriggerConfig, refuseSchedule } from './submission-settings';
import { parseOpenStep } from './submission-step';

/*
 * `context.invoke` (protocol.md 8.7): a request to start a child, whose body says whom its end is told. It is submitted to the
 * parent, which knows by the step whether it has asked for that before; the child's id is another one with every repetition.
 *
 * The child is in destination, headers and the body's `body`; the delivery of its result in the body's other fields.
 */

const INVOKE_COUNT = 'upstash-forward-upstash-workflow-invoke-count';
const utf8 = new TextEncoder();

export function parseInvoke(child: OptionReader, input: SubmissionInput, context: SubmissionContext): ParsedSubmission {
  const json = parseJsonObject(input.body);
  if (json === undefined) return refusal('INVALID_JSON', 'the body of an invoke must be a JSON object');
  const headers = headersInJson(json['headers']);
  if (headers === undefined) return refusal('INVALID_BODY', 'headers must be an object of texts or lists of texts');
  const runId = json['workflowRunId'] ?? headers['upstash-workflow-runid'];
  if (typeof runId !== 'string' || !isRunId(runId)) return refusal('INVALID_RUN_ID', `workflowRunId: ${RUN_ID_FORM}`);

  const parent = readerOf(headers);
  const url = json['workflowUrl'] ?? headers['upstash-workflow-url'];
  const fields = readMessageFields(parent, typeof url === 'string' ? url : '');
  const step = parent.take(parseOpenStep(json['step']));
  const payload = bodyText(json['body']);
  if (payload === undefined) parent.refuse('INVALID_JSON', 'the body of the child is nested too deeply');
  const childStart = readChild(child, input.destination, context);
  if (childStart?.runId === runId) child.refuse('INVALID_RUN_ID', 'a run cannot invoke itself');
  if (fields === undefined || step === undefined || payload === undefined || childStart === undefined) {
    return judged([parent, child], runId, undefined);
  }
  const { limits } = context;
  const submission = {
    kind: 'invoke',
    messageId: context.messageIdIn(runId),
    ...fields,
    step: step.head,
    config: readTriggerConfig(parent, limits),
    body: 0,
    child: childStart,
  } as const;
  return judged([parent, child], runId, submission, [step.json, utf8.encode(payload)]);
}

function readChild(reader: OptionReader, destination: string, context: SubmissionContext): ChildStart | undefined {
  const { callerIp, limits, nowMs } = context;
  refuseSchedule(reader);
  refuseTooDeep(reader, limits);
  const runId = reader.text('upstash-workflow-runid');
  const fields = readMessageFields(reader, destination);
  if (runId === undefined || !isRunId(runId)) reader.refuse('INVALID_RUN_ID', RUN_ID_FORM);
  else if (fields !== undefined) {
    return {
      runId,
      messageId: context.messageIdIn(runId),
      ...fields,
      ...readTiming(reader, nowMs, limits),
      config: readTriggerConfig(reader, limits),
      callerIp,
      body: 1,
    };
  }
  return undefined;
}

function refuseTooDeep(reader: OptionReader, { maxInvokeDepth }: SubmissionLimits): void {
  const count = reader.text(INVOKE_COUNT) ?? '0';
  if (!/^\d+$/.test(count)) {
    reader.refuse('INVALID_HEADER', 'Upstash-Forward-Upstash-Workflow-Invoke-Count must be a whole number');
  } else if (Number(count) > maxInvokeDepth) {
    reader.refuse('QUOTA_EXCEEDED', `at most ${maxInvokeDepth} runs may invoke each other in a row here`);
  }
}
