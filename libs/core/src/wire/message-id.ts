import { decodeSubjectToken, subjectToken } from './subject-token';

/*
 * Ids of messages and dead letters name their run: `<prefix>_<unique>.<run>`, the run id as it is where it is plain, else encoded
 * (`subjectToken`). So whoever shows one (`GET /v2/messages/{id}`, `dlqIds=…`, a log's `messageId` filter) has named the stream that
 * knows it, and no index beside the log has to be written with every step. Ids of before have no run in them and are in no list
 * that is searched by id.
 */

/** `unique` is 1 to 64 characters of `[A-Za-z0-9_-]`, never used twice. */
export const idInRun = (prefix: 'msg' | 'dlq', unique: string, runId: string): string =>
  `${prefix}_${unique}.${subjectToken(runId)}`;

/** The id of what follows from a message by itself (a call's callback, a wait's result), in the same run. */
export function derivedId(messageId: string, what: string): string {
  const { own, run } = split(messageId);
  return run === undefined ? `${own}_${what}` : `${own}_${what}.${run}`;
}

/** The same message in another run: a resumed run's log holds copies (protocol.md 12). */
export function idInOtherRun(messageId: string, runId: string): string {
  return `${split(messageId).own}.${subjectToken(runId)}`;
}

/** The run that an id names; undefined for ids of another shape. */
export function runIdIn(id: string): string | undefined {
  const { run } = split(id);
  return run === undefined ? undefined : decodeSubjectToken(run);
}

function split(id: string): { readonly own: string; readonly run?: string } {
  const at = id.indexOf('.');
  return at < 0 ? { own: id } : { own: id.slice(0, at), run: id.slice(at + 1) };
}
