import type { PlantedBug } from './planted/planted-bug';
import { playScenario } from './scenario';
import type { Violation } from './judge/violations';

export interface Catch {
  readonly bug: PlantedBug;
  /** Undefined = not found in time. */
  readonly violation: Violation | undefined;
  /** Of the scenario that found it. */
  readonly seed: number;
  readonly scenarios: number;
  readonly tookMs: number;
}

/** Plays scenario after scenario with the bug in it until the judge says that something is wrong. */
export async function hunt(bug: PlantedBug, firstSeed: number, withinMs: number): Promise<Catch> {
  const startedMs = performance.now();
  for (let number = 0; ; number += 1) {
    const seed = (firstSeed + number) >>> 0;
    const { sabotage, uproot } = bug.plant();
    try {
      const { violations } = await playScenario({ seed, sabotage, ...(bug.climate ? { climate: bug.climate } : {}) });
      const [violation] = violations;
      const tookMs = performance.now() - startedMs;
      if (violation || tookMs > withinMs) return { bug, violation, seed, scenarios: number + 1, tookMs };
    } finally {
      uproot();
    }
  }
}
