import type { Sabotage } from '../world/cluster';

/**
 * A bug that the product once might have had, put in from outside: between its parts and what they are given, or in place of a part. The
 * product has no switch for it.
 */
export interface PlantedBug {
  readonly name: string;
  /** What is wrong with it. */
  readonly says: string;
  /** For one scenario. */
  plant(): { readonly sabotage: Sabotage; uproot(): void };
}

export const planted = (name: string, says: string, sabotage: () => Sabotage): PlantedBug => ({
  name,
  says,
  plant: () => ({ sabotage: sabotage(), uproot: () => undefined }),
});
