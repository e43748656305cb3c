import type { Obligation } from './run.state';

/*
 * What the entries of a stream make owed outside of it, the same for every aggregate (architecture.md section 4).
 *
 * 1. An effect's id is `<stream>:<version>:<k>`, `k` counting what the entry made owed, in the order of its events: every fold names
 *    it the same.
 * 2. "Emitted minus settled = owed": what is owed and ended within one entry was never emitted, and is in no {@link Changes}. Its `k`
 *    is used up all the same.
 */

/** What one entry of a stream changed about the outside world: `owed` is new, `settled` needs nothing any more. */
export interface Changes<Owed = Obligation> {
  readonly owed: { readonly effectId: string; readonly obligation: Owed }[];
  readonly settled: string[];
}

export const effectIdOf = (stream: string, version: number, k: number): string => `${stream}:${version}:${k}`;

/** The stream's name may hold colons. */
export function placeOfEffect(effectId: string): { readonly version: number; readonly k: number } {
  const [, version, k] = /:(\d+):(\d+)$/.exec(effectId) ?? [];
  if (version === undefined || k === undefined) throw new Error(`${effectId} is no effect id`);
  return { version: Number(version), k: Number(k) };
}

/** Of one entry, while it is folded; `owed` is the state's own map. */
export class EntryEffects<Owed> {
  private count = 0;
  /** Owed by this entry, and still so. */
  private readonly emitted = new Map<string, Owed>();
  private readonly settled: string[] = [];

  constructor(private readonly entry: { readonly stream: string; readonly version: number }) {}

  owe(owed: Map<string, Owed>, obligation: Owed): string {
    const effectId = effectIdOf(this.entry.stream, this.entry.version, this.count++);
    this.restore(owed, effectId, obligation);
    return effectId;
  }

  /** Owed by an entry of before, of which this fold has heard from a snapshot only. */
  restore(owed: Map<string, Owed>, effectId: string, obligation: Owed): void {
    owed.set(effectId, obligation);
    this.emitted.set(effectId, obligation);
  }

  /** True when nobody can have acted on it: it came with this very entry. */
  isOwn(effectId: string): boolean {
    return this.emitted.has(effectId);
  }

  settle(owed: Map<string, Owed>, effectId: string): void {
    if (!owed.delete(effectId)) return;
    if (!this.emitted.delete(effectId)) this.settled.push(effectId);
  }

  changes(): Changes<Owed> {
    return {
      owed: [...this.emitted].map(([effectId, obligation]) => ({ effectId, obligation })),
      settled: this.settled,
    };
  }
}
