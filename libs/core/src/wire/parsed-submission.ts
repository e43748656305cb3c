import type { HeaderMap } from './headers';
import type { OptionReader } from './option-reader';
import type { OptionProblem } from './publish-options';
import type { SubmissionLimits } from './submission-settings';
import type { Submission } from './submission';

/*
 * What the parsers of submissions take and give, whichever endpoint a submission came over.
 */

export interface SubmissionInput {
  readonly destination: string;
  readonly headers: HeaderMap;
  /** Text or its UTF-8 bytes, whichever is at hand; empty for none. */
  readonly body: string | Uint8Array;
}

export interface SubmissionContext {
  /** An id for a message of that run; each call gives another. */
  readonly messageIdIn: (runId: string) => string;
  readonly callerIp: string;
  /** Unix ms: not-before times are judged by it. */
  readonly nowMs: number;
  readonly limits: SubmissionLimits;
}

export type ParsedSubmission = AcceptedSubmission | RefusedSubmission;

export interface AcceptedSubmission {
  readonly ok: true;
  /** The run it is submitted to; of an invoke that is the parent. */
  readonly runId: string;
  /** Its indexes count from 0: {@link SubmissionList} moves them. */
  readonly submission: Submission;
  /** What the indexes name. Absent = index 0 is the body that was given to the parser, as it is. */
  readonly bodies?: readonly Uint8Array[];
}

export interface RefusedSubmission {
  readonly ok: false;
  readonly problem: OptionProblem;
  /** The run if it is a valid one: what else came for it in one batch can't be accepted either (protocol.md 2.4). */
  readonly runId?: string;
}

const utf8 = new TextEncoder();

/** Printable ASCII on one line, in any shape (protocol.md 5.1); it has to fit into a header. */
const RUN_ID = /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/;

export const isRunId = (text: string): boolean => RUN_ID.test(text);

export const RUN_ID_FORM = 'a workflow run id has 1 to 512 printable ASCII characters';

/** The same submission, with its bodies `offset` further on. */
export function withBodiesFrom(submission: Submission, offset: number): Submission {
  const body = submission.body + offset;
  return submission.kind === 'invoke'
    ? { ...submission, body, child: { ...submission.child, body: submission.child.body + offset } }
    : { ...submission, body };
}

/** What one ask submits to one run: the submissions in their order, and the bodies that they name by index. */
export class SubmissionList {
  readonly submissions: Submission[] = [];
  readonly bodies: Uint8Array[] = [];

  /** @param body what was given to the parser */
  add({ submission, bodies }: AcceptedSubmission, body: SubmissionInput['body']): void {
    this.submissions.push(withBodiesFrom(submission, this.bodies.length));
    this.bodies.push(...(bodies ?? [typeof body === 'string' ? utf8.encode(body) : body]));
  }
}

/** The end of every parser: accepted exactly if no reader met a problem and there is something to accept. */
export function judged(
  readers: readonly OptionReader[],
  runId: string,
  submission: Submission | undefined,
  bodies?: readonly Uint8Array[],
): ParsedSubmission {
  const problem = readers.map((reader) => reader.problem).find((each) => each !== undefined);
  if (problem === undefined && submission !== undefined) {
    return { ok: true, runId, submission, ...(bodies === undefined ? {} : { bodies }) };
  }
  return { ...refusal('INVALID_BODY', 'the submission cannot be read', runId), ...(problem && { problem }) };
}

export const refusal = (code: OptionProblem['code'], message: string, runId?: string): RefusedSubmission => ({
  ok: false,
  problem: { code, message },
  ...(runId === undefined ? {} : { runId }),
});
