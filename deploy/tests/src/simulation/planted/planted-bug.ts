import type { Sabotage } from '../world/cluster';
import type { ClimateName } from '../world/faults';

/**
 * A bug that the product once might have had, put in from outside: between its parts and what they are given, or in place of a part. The
 * product has no switch for it.
 */
export interface PlantedBug {
  readonly name: string;
  /** What is wrong with it. */
  readonly says: string;
  /** The only weather in which it can show; default: any. */
  readonly climate?: ClimateName;
  /** For one scenario. */
  plant(): { readonly sabotage: Sabotage; uproot(): void };
}

export const planted = (name: string, says: string, sabotage: () => Sabotage, climate?: ClimateName): PlantedBug => ({
  name,
  says,
  ...(climate ? { climate } : {}),
  plant: () => ({ sabotage: sabotage(), uproot: () => undefined }),
});
