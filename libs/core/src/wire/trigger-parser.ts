import type { ParsedSubmission, SubmissionContext, SubmissionInput } from './parsed-submission';
import { isRunId, judged, refusal, RUN_ID_FORM } from './parsed-submission';
import type { HeaderList, StartSubmission } from './submission';
import {
  readDeliverySettings,
  readerOf,
  readFailureCallback,
  readFailureCallbackUrl,
  readMessageFields,
  readTiming,
  readTriggerConfig,
  refuseSchedule,
} from './submission-settings';

/*
 * A start over `/v2/trigger` (protocol.md 5.5): the caller says what it wants, and the protocol's own headers are filled in here,
 * as the client library would send them.
 */

const FEATURES = ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'] as const;
const SDK_VERSION = 'upstash-workflow-sdk-version';
const UNKNOWN_SDK = 'upstash-workflow-unknown-sdk';
const FAILURE_FLAGS: HeaderList = [
  ['upstash-workflow-is-failure', 'true'],
  ['upstash-workflow-failure-callback', 'true'],
];

/** `freshRunId` is taken when the caller gives none. */
export function parseTrigger(input: SubmissionInput, context: SubmissionContext, freshRunId: string): ParsedSubmission {
  const reader = readerOf(input.headers);
  const runId = reader.text('upstash-workflow-runid') ?? freshRunId;
  if (!isRunId(runId)) return refusal('INVALID_RUN_ID', RUN_ID_FORM);
  refuseSchedule(reader);
  const fields = readMessageFields(reader, input.destination);
  if (fields === undefined) return judged([reader], runId, undefined);
  const { limits } = context;
  const own = fields.forwards.filter(([name]) => name !== SDK_VERSION && name !== UNKNOWN_SDK);
  const restTrigger = reader.text(UNKNOWN_SDK) === undefined ? 'assume' : 'ask';
  const failureUrl = readFailureCallbackUrl(reader) ?? fields.destination;
  const failureCallback = readFailureCallback(reader, limits, failureUrl);
  const submission: StartSubmission = {
    kind: 'start',
    messageId: context.messageIdIn(runId),
    ...fields,
    workflowUrl: fields.destination,
    method: 'POST',
    forwards: restTrigger === 'assume' ? [...own, [SDK_VERSION, '1']] : own,
    features: FEATURES,
    ...readTiming(reader, context.nowMs, limits),
    restTrigger,
    config: {
      ...readTriggerConfig(reader, limits),
      // The client library sends everything twice, once for the callback.
      failureCallback: {
        ...readDeliverySettings(reader, 'upstash-', limits),
        ...failureCallback,
        forwards: mergedLists(own, failureCallback.forwards, FAILURE_FLAGS),
      },
    },
    callerIp: context.callerIp,
    body: 0,
  };
  return judged([reader], runId, submission);
}

/** Of one name the last value counts. */
const mergedLists = (...lists: readonly HeaderList[]): HeaderList => [...new Map(lists.flat())];
