import { ERROR_CODES } from '@stepwell/core';
import { madeBy } from './committed-page';
import { plain } from './markdown';

const INTRODUCTION = `# Errors

Every error answer of the API is JSON with two fields: \`{"error": "…", "code": "…"}\`. \`code\` is one of the headings below and
never changes its meaning; \`error\` is a sentence for people and may. In a batch of which only a part failed, the entry of a failed
item has its \`status\` besides.

_Retryable_ says whether the same request may succeed later without being changed. The last codes of the page describe an attempt of
Stepwell to reach an endpoint or a third party, and are found in a run's log and in its failure. The result of a call that got no
answer has the status 504 after a time-out, else 502.

Two statuses mean something special to the clients that submit steps. They take 400 for "the run has ended" and stop; 412 fails the
run for good. After any other one the endpoint answers 500, and the step is tried again.`;

/** One heading per code, in the order of the table in `libs/core`. */
export function errorsPage(): string {
  const entries = Object.entries(ERROR_CODES).map(
    ([code, { status, message, retryable, whatToDo }]) =>
      `## ${code}\n\n${status}, ${retryable ? 'retryable' : 'not retryable'}: ${plain(message)}.\n\n${plain(whatToDo)}`,
  );
  return `${[madeBy('errors-page.spec.ts'), INTRODUCTION, ...entries].join('\n\n')}\n`;
}
