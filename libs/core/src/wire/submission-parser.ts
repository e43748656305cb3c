import { parseCron } from './cron';
import { looksLikeGroupName, parseDestination } from './destination';
import type { HeaderMap } from './headers';
import { deliverableForwards, forwardsOf, headerProblem } from './headers';
import { OptionReader } from './option-reader';
import type { OptionProblem } from './publish-options';
import { parseMethod, parseTimeout } from './publish-options';
import type { Submission } from './submission';
import { headerList, readDeliverySettings, readTiming, readTriggerConfig } from './submission-settings';
import type { SubmissionLimits } from './submission-settings';
import { parseStepHead, readCallback } from './submission-step';

/*
 * From what a client sent (one batch item, or one publish) to a validated submission (protocol.md 2.3-2.5, 5.1, 7.3, 8.3).
 *
 * Owns: which kind of submission it is, and every refusal of bad input to a run. Does not own: whether the run exists or has
 * ended, which is its stream's to say.
 *
 * 1. Total: no input whatever throws. What can't be accepted is answered with one code of the table and one sentence.
 * 2. Nothing of the user's is rewritten: a destination stays as it was sent, a body stays the bytes that came.
 * 3. Unknown `Upstash-*` headers and feature names are ignored (protocol.md 18); what would be *lost* by ignoring it, a kind of
 *    message that this server doesn't have yet, is refused with NOT_SUPPORTED.
 */

export interface SubmissionInput {
  readonly destination: string;
  readonly headers: HeaderMap;
  /** Text or its UTF-8 bytes, whichever is at hand; empty for none. */
  readonly body: string | Uint8Array;
}

export interface SubmissionContext {
  readonly messageId: string;
  readonly callerIp: string;
  /** Unix ms: not-before times are judged by it. */
  readonly nowMs: number;
  readonly limits: SubmissionLimits;
}

export type ParsedSubmission =
  /** `submission.body` is 0: who puts the ask together knows its place among the bodies. */
  | { readonly ok: true; readonly runId: string; readonly submission: Submission }
  /** With the run id if it is a valid one: what else came for that run in one batch can't be accepted either (2.4). */
  | { readonly ok: false; readonly problem: OptionProblem; readonly runId?: string };

/** Printable ASCII on one line, in any shape (protocol.md 5.1); it has to fit into a header. */
const RUN_ID = /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/;

export const isRunId = (text: string): boolean => RUN_ID.test(text);

export function parseSubmission(input: SubmissionInput, context: SubmissionContext): ParsedSubmission {
  const runId = input.headers['upstash-workflow-runid'];
  if (runId === undefined || !isRunId(runId)) return { ok: false, problem: problemWithoutRun(input, runId) };
  const reader = new OptionReader(input.headers);
  const headersProblem = headerProblem(input.headers);
  if (headersProblem !== undefined) reader.refuse('INVALID_HEADER', headersProblem);
  const submission = readSubmission(reader, input, context);
  return reader.problem === undefined && submission !== undefined
    ? { ok: true, runId, submission }
    : {
        ok: false,
        runId,
        problem: reader.problem ?? { code: 'INVALID_BODY', message: 'the submission cannot be read' },
      };
}

/** A plain message is a later matter, and so is a trigger that leaves the run's id to us; a broken one is told so first. */
function problemWithoutRun({ destination, headers }: SubmissionInput, runId: string | undefined): OptionProblem {
  if (runId !== undefined && runId !== '') {
    return { code: 'INVALID_RUN_ID', message: 'a workflow run id has 1 to 512 printable ASCII characters' };
  }
  if (headers['upstash-workflow-init'] !== undefined) {
    return { code: 'INVALID_RUN_ID', message: 'Upstash-Workflow-RunId is missing' };
  }
  if (looksLikeGroupName(destination)) return notSupported('URL groups and provider names as destinations');
  const parsed = parseDestination(destination);
  return parsed.ok
    ? notSupported('messages outside a workflow run (there is no Upstash-Workflow-RunId)')
    : parsed.problem;
}

function readSubmission(
  reader: OptionReader,
  input: SubmissionInput,
  context: SubmissionContext,
): Submission | undefined {
  const { limits } = context;
  const kind = kindOf(reader);
  const destination = reader.take(parseDestination(input.destination));
  if (kind === undefined || destination === undefined) return undefined;

  const contentType = reader.text('content-type');
  const base = {
    messageId: context.messageId,
    destination,
    workflowUrl: reader.read('upstash-workflow-url', parseDestination) ?? destination,
    method: reader.read('upstash-method', parseMethod) ?? 'POST',
    ...(contentType === undefined ? {} : { contentType }),
    forwards: headerList(deliverableForwards(forwardsOf(reader.headers))),
    features: listOf(reader.text('upstash-feature-set')),
    ...readTiming(reader, context.nowMs, limits),
    body: 0,
  };
  switch (kind) {
    case 'start':
      return { kind, ...base, config: readTriggerConfig(reader, limits), callerIp: context.callerIp };
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

function kindOf(reader: OptionReader): Submission['kind'] | undefined {
  reader.read('upstash-cron', parseCron);
  if (reader.problem) return undefined;
  const unsupported = unsupportedKind(reader);
  if (unsupported !== undefined) {
    const { code, message } = notSupported(unsupported);
    reader.refuse(code, message);
    return undefined;
  }
  if (reader.isTrue('upstash-workflow-init')) return 'start';
  return callTypeOf(reader) === 'tocallback' ? 'call' : 'step';
}

/** Rule 3. */
function unsupportedKind(reader: OptionReader): string | undefined {
  if (reader.isTrue('upstash-workflow-trigger-by-sdk')) return 'triggers that the SDK continues';
  if (reader.isTrue('upstash-workflow-invoke')) return 'context.invoke';
  // Started at once and once only, a run that was meant to be started again and again would be lost unnoticed.
  if (reader.text('upstash-cron') !== undefined) return 'schedules (Upstash-Cron)';
  const callType = callTypeOf(reader);
  if (reader.isTrue('upstash-workflow-init') || callType === 'step' || callType === 'tocallback') return undefined;
  return `call type ${JSON.stringify(callType.slice(0, 64))}`;
}

const callTypeOf = (reader: OptionReader): string => (reader.text('upstash-workflow-calltype') ?? 'step').toLowerCase();

const notSupported = (what: string): OptionProblem => ({
  code: 'NOT_SUPPORTED',
  message: `${what}: not supported by this server yet`,
});

const listOf = (text: string | undefined): readonly string[] =>
  text === undefined
    ? []
    : text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
