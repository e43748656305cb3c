import { createHash } from 'node:crypto';
import type { DeliverItem, EntryHead, HeaderList } from '@stepwell/core';
import type { Answer, SeenRequest } from './endpoint';
import type { LogEntry } from './fake-run-state';
import { headOf } from './fake-run-state';

/** The histories that an endpoint keeps, as the native protocol describes it. */
export class KeptHistories {
  private readonly runs = new Map<string, { readonly entry: string; readonly digest: string }[]>();

  /** The history to work with, an entry each; `undefined` when what was left out is not what is kept. */
  history(runId: string, body: string): string[] | undefined {
    const sent = JSON.parse(body) as object[] | { omitted: number; digest: string; entries: object[] };
    const { omitted, digest, entries } = Array.isArray(sent) ? { omitted: 0, digest: '', entries: sent } : sent;
    const kept = this.runs.get(runId) ?? [];
    if ((omitted === 0 ? '' : kept[omitted - 1]?.digest) !== digest) return undefined;
    this.runs.set(runId, kept);
    let last = digest;
    entries.forEach((each, at) => {
      const entry = JSON.stringify(each);
      last = createHash('sha256')
        .update(last + entry)
        .digest('base64url');
      if (kept[omitted + at]?.digest !== last) kept.splice(omitted + at, Infinity, { entry, digest: last });
    });
    return kept.slice(0, omitted + entries.length).map(({ entry }) => entry);
  }

  clear(): void {
    this.runs.clear();
  }
}

/** Answers with nothing but its word that it keeps what it was sent; `worked` gets what it would have worked with. */
export function keeping(kept: KeptHistories, worked: (history: string[], request: SeenRequest) => void): Answer {
  return (request, response) => {
    const runId = String(request.headers['upstash-workflow-runid']);
    const history = kept.history(runId, request.body.toString());
    if (history === undefined) return void response.writeHead(409, { 'stepwell-history': 'whole' }).end();
    worked(history, request);
    response.writeHead(200, { 'stepwell-steps': 'inline', 'stepwell-history': 'tail' }).end('{"submissions":[]}');
  };
}

/** What a step delivery's item says of the entries up to `to`, of which the newest come with it. */
export function historyUpTo(
  log: readonly LogEntry[],
  to: number,
  tailLength: number,
): { readonly head: Pick<DeliverItem, 'segments' | 'tail'>; readonly bodies: Uint8Array[] } {
  const bodies: Uint8Array[] = [Buffer.from('['), Buffer.from(']')];
  const from = Math.max(0, to + 1 - tailLength);
  const tail: EntryHead[] = log.slice(from, to + 1).map((entry, at) => headOf(entry, from + at, bodies));
  return { head: { segments: [{ literal: 0 }, { entries: { from: 0, to } }, { literal: 1 }], tail }, bodies };
}

/** An entry as it is sent. */
export const sentEntry = ({ messageId, callType, body }: LogEntry): string =>
  JSON.stringify({ messageId, body: Buffer.from(body).toString('base64'), callType });

export const createdAt = (at: number): HeaderList[number] => ['upstash-workflow-createdat', String(at)];
