import { toHeaderMap } from './headers';
import { asJsonObject, bodyText } from './json-value';
import type { RefusedSubmission, SubmissionInput } from './parsed-submission';
import { isRunId, refusal } from './parsed-submission';
import type { Parsed } from './publish-options';

/*
 * One item as it is in JSON (protocol.md 2.4): of a batch, and of an answer that holds its own submissions. Whether JSON has this form
 * the gateway finds out by a compiled schema, and {@link parseBatchItem} without one; what it says is read by one function for both.
 */

/** Its names are lower case by custom, not by rule. */
export interface BatchItem {
  readonly destination: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | null;
  /** Any JSON value: `context.call` puts an object there. */
  readonly body?: unknown;
  readonly queue?: string | null;
}

export interface ReceivedItem extends SubmissionInput {
  readonly queue?: string;
}

/** Reads an item of the right form: text is taken as it is, any other JSON as its text. */
export function receivedItem({ destination, headers, body, queue }: BatchItem): Parsed<ReceivedItem> {
  const text = bodyText(body);
  if (text === undefined) {
    return { ok: false, problem: { code: 'INVALID_JSON', message: 'a body is nested too deeply' } };
  }
  const input = { destination, headers: toHeaderMap(headers ?? {}), body: text };
  return { ok: true, value: typeof queue === 'string' ? { ...input, queue } : input };
}

/** {@link receivedItem} of any JSON value whatever. */
export function parseBatchItem(value: unknown): Parsed<ReceivedItem> {
  const item = asJsonObject(value);
  if (item === undefined) return wrong('must be a JSON object');
  const { destination, headers, body, queue } = item;
  if (typeof destination !== 'string') return wrong('destination must be a text');
  if (!isHeaders(headers)) return wrong('headers must be an object of texts or lists of texts');
  if (!isOptionalText(queue)) return wrong('queue must be a text');
  return receivedItem({ destination, headers: headers ?? null, body, queue: queue ?? null });
}

/** The refusal of an item that is for a queue. */
export function refusedForQueue({ queue, headers }: ReceivedItem): RefusedSubmission | undefined {
  if (queue === undefined || queue === '') return undefined;
  const runId = headers['upstash-workflow-runid'];
  const named = runId !== undefined && isRunId(runId) ? runId : undefined;
  return refusal('NOT_SUPPORTED', 'queues are not supported by this server yet', named);
}

function isHeaders(value: unknown): value is BatchItem['headers'] {
  if (value === undefined || value === null) return true;
  const isText = (each: unknown): boolean => typeof each === 'string';
  const values = Object.values(asJsonObject(value) ?? { none: undefined });
  return values.every((each) => (Array.isArray(each) ? each.every(isText) : isText(each)));
}

const isOptionalText = (value: unknown): value is string | null | undefined =>
  value === undefined || value === null || typeof value === 'string';

const wrong = (message: string): Parsed<never> => ({ ok: false, problem: { code: 'INVALID_BODY', message } });
