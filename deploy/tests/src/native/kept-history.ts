import { createHash } from 'node:crypto';

/** An entry of the log; that of the payload tells nothing. */
export type Told = { stepId: number; concurrent: number; targetStep: number | undefined; result: unknown };
type Entry = { body: string };
type Tail = { omitted: number; digest: string; entries: Entry[] };

const MOST_RUNS = 10_000;
const PAYLOAD: Told = { stepId: 0, concurrent: 1, targetStep: undefined, result: null };

/** What was sent of runs, in memory, so that it needn't be sent again ("History in tails" of the native protocol). */
export class KeptHistory {
  /** Least recently needed first. */
  private readonly runs = new Map<string, { told: Told[]; digests: string[] }>();

  /** The history of a delivery, of which its body is all or the end; `undefined` when what was left out is not what is here. */
  of(runId: string, body: Entry[] | Tail): Told[] | undefined {
    const { omitted, digest, entries } = Array.isArray(body) ? { omitted: 0, digest: '', entries: body } : body;
    const { told, digests } = this.runs.get(runId) ?? { told: [], digests: [] };
    if (omitted > 0 && digests[omitted - 1] !== digest) return undefined;
    let last = digest;
    for (const [index, entry] of entries.entries()) {
      const at = omitted + index;
      const hash = createHash('sha256').update(last + JSON.stringify(entry));
      last = hash.digest('base64url');
      if (digests[at] === last) continue;
      // What is here from there on is of another history.
      digests.splice(at, Infinity, last);
      told.splice(at, Infinity, at === 0 ? PAYLOAD : toldBy(entry));
    }
    this.forget(runId);
    this.runs.set(runId, { told, digests });
    for (const oldest of this.runs.keys()) if (this.runs.size > MOST_RUNS) this.runs.delete(oldest);
    return told.slice(0, omitted + entries.length);
  }

  forget(runId: string): void {
    this.runs.delete(runId);
  }
}

function toldBy({ body }: Entry): Told {
  const step = JSON.parse(Buffer.from(body, 'base64').toString()) as Omit<Told, 'result'> & { out?: string };
  const { stepId, concurrent, targetStep, out = 'null' } = step;
  return { stepId, concurrent, targetStep, result: JSON.parse(out) };
}
