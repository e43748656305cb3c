import type { BodyIndex } from '../messages/definition';
import { parseBatchItem, refusedForQueue } from './batch-item';
import { asJsonObject, bodyText } from './json-value';
import type { SubmissionContext } from './parsed-submission';
import { SubmissionList } from './parsed-submission';
import type { OptionProblem, Parsed } from './publish-options';
import type { HeaderList, Submission } from './submission';
import { parseSubmission } from './submission-parser';

/*
 * The answer to a step delivery that holds what the endpoint would otherwise have submitted by requests of its own, and the end of the
 * run (deploy/docs/reference/native-protocol.md).
 *
 * 1. Total: no bytes whatever throw. What can't be taken is told by one code of the table and one sentence that names the item.
 * 2. All or nothing: one item that can't be taken, or that is for another run, and there is no answer.
 * 3. Its items are those of a batch, read by the same parsers under the same limits.
 */

/** Announced with every step delivery, and given back with an answer of that form. In lower case. */
export const STEPS_HEADER = 'stepwell-steps';
export const STEPS_INLINE = 'inline';

export interface InlineAnswer {
  /** Of one run, in their order; their bodies are indexes into {@link bodies}. */
  readonly submissions: readonly Submission[];
  readonly bodies: readonly Uint8Array[];
  /** The run ends with it; without a result it returned `undefined`. */
  readonly finish?: { readonly result?: BodyIndex };
}

export interface InlineContext extends SubmissionContext {
  /** The run whose delivery this answers. */
  readonly runId: string;
  readonly maxItems: number;
}

/** Whether an answer's headers (lower-case names) say that its body is one of these. */
export function saysInline(headers: HeaderList): boolean {
  return headers.some(
    ([name, value]) =>
      name === STEPS_HEADER && value.split(',').some((token) => token.trim().toLowerCase() === STEPS_INLINE),
  );
}

/** `{"submissions": […], "finish": {"body": …}}`; both may be left out, other fields are ignored. */
export function parseInlineAnswer(body: Uint8Array, context: InlineContext): Parsed<InlineAnswer> {
  const json = parseUtf8Json(body);
  if (json === undefined) return wrong('INVALID_JSON', 'it is not JSON in UTF-8');
  const answer = asJsonObject(json.value);
  if (answer === undefined) return wrong('INVALID_BODY', 'it must be a JSON object');
  const items: unknown = answer['submissions'] ?? [];
  if (!Array.isArray(items)) return wrong('INVALID_BODY', 'submissions must be a list');
  if (items.length > context.maxItems) {
    return wrong('QUOTA_EXCEEDED', `it may hold at most ${context.maxItems} submissions, not ${items.length}`);
  }
  const list = new SubmissionList();
  for (const [place, item] of items.entries()) {
    const problem = addItem(list, item, context);
    if (problem !== undefined) return wrong(problem.code, `submission ${place}: ${problem.message}`);
  }
  return withFinish(list, answer['finish']);
}

function addItem(list: SubmissionList, value: unknown, context: InlineContext): OptionProblem | undefined {
  const item = parseBatchItem(value);
  if (!item.ok) return item.problem;
  const parsed = refusedForQueue(item.value) ?? parseSubmission(item.value, context);
  if (!parsed.ok) return parsed.problem;
  if (parsed.runId !== context.runId) {
    return { code: 'INVALID_RUN_ID', message: 'it is for another run than the one that this answers' };
  }
  list.add(parsed, item.value.body);
  return undefined;
}

function withFinish({ submissions, bodies }: SubmissionList, value: unknown): Parsed<InlineAnswer> {
  if (value === undefined || value === null) return { ok: true, value: { submissions, bodies } };
  const finish = asJsonObject(value);
  if (finish === undefined) return wrong('INVALID_BODY', 'finish must be a JSON object');
  const result = bodyText(finish['body']);
  if (result === undefined) return wrong('INVALID_JSON', 'finish: the body is nested too deeply');
  if (result === '') return { ok: true, value: { submissions, bodies, finish: {} } };
  const withResult = [...bodies, utf8.encode(result)];
  return { ok: true, value: { submissions, bodies: withResult, finish: { result: bodies.length } } };
}

const utf8 = new TextEncoder();

function parseUtf8Json(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown };
  } catch {
    return undefined;
  }
}

const wrong = (code: OptionProblem['code'], message: string): Parsed<never> => ({
  ok: false,
  problem: { code, message },
});
