import type { ErrorCode } from '@stepwell/core';
import { ERROR_CODES } from '@stepwell/core';
import type { Operation } from '@stepwell/gateway/description';
import { operations } from '@stepwell/gateway/description';
import { madeBy } from './committed-page';
import { code, plain } from './markdown';
import { errorsOf } from './openapi/responses';

const INTRODUCTION = `# Errors

Every error answer of the API is JSON with two fields: \`{"error": "…", "code": "…"}\`. \`code\` is one of the headings below and
never changes its meaning; \`error\` is a sentence for people and may. In a batch of which only a part failed, the entry of a failed
item has its \`status\` besides. [The reference of the API](openapi.yaml) says the same by operation.

_Retryable_ says whether the same request may succeed later without being changed. The last codes of the page describe an attempt of
Stepwell to reach an endpoint or a third party, and are found in a run's log and in its failure. The result of a call that got no
answer has the status 504 after a time-out, else 502.

Two statuses mean something special to the clients that submit steps. They take 400 for "the run has ended" and stop; 412 fails the
run for good. After any other one the endpoint answers 500, and the step is tried again.`;

const ATTEMPT = 'Of an attempt that failed; found in the log of its run, and in its failure.';

/** Where codes come from besides operations. */
const ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  METHOD_NOT_ALLOWED: 'Answered at any path of the API, to a method that it does not have.',
  NOT_FOUND: 'Answered at any path that is none of the API’s.',
  NOT_SUPPORTED: 'Answered at paths that the hosted service has and this server does not.',
  UNAVAILABLE: ATTEMPT,
  UNSUPPORTED_MEDIA: 'No operation of this version: bodies are taken whatever their type is.',
  CONNECTION_FAILED: ATTEMPT,
  DELIVERY_TIMEOUT: ATTEMPT,
  RESPONSE_TOO_LARGE: ATTEMPT,
  DESTINATION_BLOCKED: ATTEMPT,
  NON_WORKFLOW_DESTINATION: ATTEMPT,
  NON_RETRYABLE: ATTEMPT,
  OLD_CLIENT: ATTEMPT,
  HTTP_ERROR: 'Of an attempt that was answered with another status than 2xx; logs show that answer instead.',
  NOTHING_FOLLOWED: ATTEMPT,
};

/** One heading per code, in the order of the table in `libs/core`. */
export function errorsPage(described: readonly Operation[] = operations()): string {
  const entries = Object.entries(ERROR_CODES).map(([name, { status, message, retryable, whatToDo }]) =>
    [
      `## ${name}`,
      `${status}, ${retryable ? 'retryable' : 'not retryable'}: ${plain(message)}.`,
      plain(whatToDo),
      whereFrom(name as ErrorCode, status, described),
    ].join('\n\n'),
  );
  return `${[madeBy('errors-page.spec.ts'), INTRODUCTION, ...entries].join('\n\n')}\n`;
}

/** @throws Error for a code that comes from nowhere */
function whereFrom(name: ErrorCode, status: number, described: readonly Operation[]): string {
  const statuses = new Set(described.flatMap((operation) => statusesOf(name, operation)));
  const others = new Map<string, number[]>();
  let usual: string | undefined;
  for (const each of statuses) {
    const by = listOf(
      described.filter((operation) => statusesOf(name, operation).includes(each)),
      described,
    );
    if (each === status) usual = `Answered by ${by}.`;
    else others.set(by, [...(others.get(by) ?? []), each].sort());
  }
  const unusual = [...others].map(([by, besides]) => `Answered with ${besides.join(' or ')} by ${by}.`);
  const answered = [usual, ...unusual];
  const where = [...answered, ELSEWHERE[name]].filter((each) => each !== undefined);
  if (where.length === 0) throw new Error(`nobody says where ${name} comes from`);
  return where.join(' ');
}

const statusesOf = (name: ErrorCode, operation: Operation): number[] =>
  [...errorsOf(operation)].filter(([, codes]) => codes.includes(name)).map(([status]) => status);

/** Of most operations it is shorter to name the others. */
function listOf(operationsMeant: readonly Operation[], described: readonly Operation[]): string {
  const others = described.filter((operation) => !operationsMeant.includes(operation));
  if (others.length === 0) return 'every operation';
  if (others.every(isRead) && !operationsMeant.some(isRead)) return 'every operation but those of GET and HEAD';
  return operationsMeant.length > others.length ? `every operation but ${namesOf(others)}` : namesOf(operationsMeant);
}

const isRead = ({ method }: Operation): boolean => ['GET', 'HEAD'].includes(method);

/** Webhooks, which take any method, are named once. */
function namesOf(meant: readonly Operation[]): string {
  const paths = [...new Set(meant.map(({ path }) => path))];
  const names = paths.map((path) => {
    const methods = meant.filter((operation) => operation.path === path).map(({ method }) => method);
    return code(`${methods.length > 2 ? 'ANY' : methods.join(', ')} ${path}`);
  });
  return [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(' and ');
}
