/*
 * What folding one entry changes about the outside world, the same for every aggregate (architecture.md section 4, E1).
 *
 * 1. An effect's id is `<stream>:<version>:<k>`, `k` counting what the entry made owed, in order.
 * 2. `owed` of the state is changed together with what is noted here: "emitted minus settled = owed" holds by construction.
 * 3. What one entry makes owed and ends again was never owed by it.
 */

/** What one entry changed: `owed` is new, `settled` needs nothing any more. */
export interface Changes<Obligation> {
  readonly owed: { readonly effectId: string; readonly obligation: Obligation }[];
  readonly settled: string[];
}

/** One committed entry of a stream: `version` counts its entries from 1, `at` is its commit in unix ms. */
export interface FoldedEntry<Event extends { readonly bodies: unknown }> {
  readonly stream: string;
  readonly version: number;
  readonly at: number;
  readonly events: readonly Omit<Event, 'bodies'>[];
}

interface Owing<Obligation> {
  readonly owed: Map<string, Obligation>;
}

export class EffectsFold<Obligation> {
  private effects = 0;
  /** Owed by this entry, and still so at its end. */
  private readonly owed = new Map<string, Obligation>();
  private readonly settled: string[] = [];

  constructor(private readonly entry: { readonly stream: string; readonly version: number }) {}

  changes(): Changes<Obligation> {
    return {
      owed: [...this.owed].map(([effectId, obligation]) => ({ effectId, obligation })),
      settled: this.settled,
    };
  }

  owe(state: Owing<Obligation>, obligation: Obligation): string {
    const effectId = `${this.entry.stream}:${this.entry.version}:${this.effects++}`;
    state.owed.set(effectId, obligation);
    this.owed.set(effectId, obligation);
    return effectId;
  }

  settle(state: Owing<Obligation>, effectId: string): void {
    if (!state.owed.delete(effectId)) return;
    if (!this.owed.delete(effectId)) this.settled.push(effectId);
  }
}
