import { looksLikeGroupName, parseDestination } from './destination';
import { parseInvoke } from './invoke-parser';
import type { OptionReader } from './option-reader';
import { unsupported } from './option-reader';
import type { ParsedSubmission, RefusedSubmission, SubmissionContext, SubmissionInput } from './parsed-submission';
import { isRunId, judged, refusal, RUN_ID_FORM } from './parsed-submission';
import { parseTimeout } from './publish-options';
import type { StartSubmission, Submission } from './submission';
import {
  readDeliverySettings,
  readerOf,
  readMessageFields,
  readTiming,
  readTriggerConfig,
  refuseSchedule,
} from './submission-settings';
import { parseStepHead, readCallback } from './submission-step';

/*
 * From what a client sent (one batch item, or one publish) to a validated submission (protocol.md 2.3-2.5, 5.1, 7.3, 8.3, 8.7).
 *
 * Owns: which kind of submission it is, and every refusal of bad input to a run. Does not own: whether the run exists or has
 * ended, which is its stream's to say.
 *
 * 1. Total: no input whatever throws. What can't be accepted is answered with one code of the table and one sentence.
 * 2. Nothing of the user's is rewritten: a destination stays as it was sent, a body stays the bytes that came.
 * 3. Unknown `Upstash-*` headers and feature names are ignored (protocol.md 18); what would be *lost* by ignoring it, a kind of
 *    message that this server doesn't have yet, is refused with NOT_SUPPORTED.
 */

export function parseSubmission(input: SubmissionInput, context: SubmissionContext): ParsedSubmission {
  const reader = readerOf(input.headers);
  if (reader.isTrue('upstash-workflow-invoke')) return parseInvoke(reader, input, context);
  const runId = input.headers['upstash-workflow-runid'];
  if (runId === undefined || !isRunId(runId)) return refusedWithoutRun(input, runId);
  return judged([reader], runId, readSubmission(reader, input, context, runId));
}

/** A plain message is a later matter, and so is a trigger that leaves the run's id to us; a broken one is told so first. */
function refusedWithoutRun({ destination, headers }: SubmissionInput, runId: string | undefined): RefusedSubmission {
  if (runId !== undefined && runId !== '') return refusal('INVALID_RUN_ID', RUN_ID_FORM);
  if (headers['upstash-workflow-init'] !== undefined) {
    return refusal('INVALID_RUN_ID', 'Upstash-Workflow-RunId is missing');
  }
  if (looksLikeGroupName(destination)) return unsupported('URL groups and provider names as destinations');
  const parsed = parseDestination(destination);
  return parsed.ok ? unsupported('messages outside a workflow run (there is no Upstash-Workflow-RunId)') : parsed;
}

function readSubmission(
  reader: OptionReader,
  input: SubmissionInput,
  context: SubmissionContext,
  runId: string,
): Submission | undefined {
  const { limits } = context;
  const kind = kindOf(reader);
  const fields = readMessageFields(reader, input.destination);
  if (kind === undefined || fields === undefined) return undefined;

  const messageId = context.messageIdIn(runId);
  const base = { messageId, ...fields, ...readTiming(reader, context.nowMs, limits), body: 0 };
  switch (kind) {
    case 'start':
      return continued(reader, {
        kind,
        ...base,
        config: readTriggerConfig(reader, limits),
        callerIp: context.callerIp,
      });
    case 'step': {
      const step = reader.take(parseStepHead(input.body));
      return step && { kind, ...base, step, config: readTriggerConfig(reader, limits) };
    }
    case 'call': {
      const timeoutMs = reader.read('upstash-timeout', parseTimeout);
      return {
        kind,
        ...base,
        settings: readDeliverySettings(reader, 'upstash-', limits),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        callback: readCallback(reader, limits),
      };
    }
  }
}

/** The library sends back what it was asked with; asked again it would continue for ever (protocol.md 5.5). */
function continued(reader: OptionReader, start: StartSubmission): StartSubmission {
  if (!reader.isTrue('upstash-workflow-trigger-by-sdk')) return start;
  return {
    ...start,
    bySdk: true,
    forwards: start.forwards.filter(([name]) => name !== 'upstash-workflow-unknown-sdk'),
  };
}

function kindOf(reader: OptionReader): 'start' | 'step' | 'call' | undefined {
  refuseSchedule(reader);
  if (reader.isTrue('upstash-workflow-init')) return 'start';
  const callType = reader.text('upstash-workflow-calltype') ?? 'step';
  switch (callType.toLowerCase()) {
    case 'step':
      return 'step';
    case 'tocallback':
      return 'call';
    default:
      reader.refuseUnsupported(`call type ${JSON.stringify(callType.slice(0, 64))}`);
      return undefined;
  }
}
