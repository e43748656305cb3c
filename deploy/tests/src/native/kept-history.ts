import { createHash } from 'node:crypto';

/** An entry of the log. */
export type Told = { stepId: number; concurrent: number; targetStep: number | undefined; result: unknown };
type Entry = { body: string };
type Tail = { omitted: number; digest: string; entries: Entry[] };

const MOST_RUNS = 10_000;
/** That of the payload, which begins the plan of the run. */
const PAYLOAD: Told = { stepId: 0, concurrent: 1, targetStep: undefined, result: null };

export interface Kept<Plan> {
  readonly told: Told[];
  readonly plan: Plan;
}

/** What was sent of runs, in memory, so that it needn't be sent again ("History in tails" of the native protocol). */
export class KeptHistory<Plan> {
  /** Least recently needed first. */
  private readonly runs = new Map<string, { told: Told[]; digests: string[]; plan: Plan }>();

  /** @param planOf from a payload: kept as well, since it is needed at every step */
  constructor(private readonly planOf: (runId: string, payload: string) => Plan) {}

  /** The history of a delivery, of which its body is all or the end; `undefined` when what was left out is not what is here. */
  of(runId: string, body: Entry[] | Tail): Kept<Plan> | undefined {
    const { omitted, digest, entries } = Array.isArray(body) ? { omitted: 0, digest: '', entries: body } : body;
    const { told, digests, plan: keptPlan } = this.runs.get(runId) ?? { told: [], digests: [], plan: undefined };
    if (omitted > 0 && digests[omitted - 1] !== digest) return undefined;
    let plan = keptPlan;
    let last = digest;
    for (const [index, entry] of entries.entries()) {
      const at = omitted + index;
      const hash = createHash('sha256').update(last + JSON.stringify(entry));
      last = hash.digest('base64url');
      if (digests[at] === last) continue;
      // What is here from there on is of another history.
      digests.splice(at, Infinity, last);
      told.splice(at, Infinity, at === 0 ? PAYLOAD : toldBy(entry));
      if (at === 0) plan = this.planOf(runId, textOf(entry));
    }
    if (plan === undefined) throw new Error(`run ${runId}: there is no payload`);
    this.forget(runId);
    this.runs.set(runId, { told, digests, plan });
    for (const oldest of this.runs.keys()) if (this.runs.size > MOST_RUNS) this.runs.delete(oldest);
    return { told: told.slice(0, omitted + entries.length), plan };
  }

  forget(runId: string): void {
    this.runs.delete(runId);
  }
}

const textOf = ({ body }: Entry): string => Buffer.from(body, 'base64').toString();

function toldBy(entry: Entry): Told {
  const step = JSON.parse(textOf(entry)) as Omit<Told, 'result'> & { out?: string };
  const { stepId, concurrent, targetStep, out = 'null' } = step;
  return { stepId, concurrent, targetStep, result: JSON.parse(out) };
}
