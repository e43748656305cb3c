/** A run of the bench: what every engine is given, and what has to come out is known beforehand. */
export interface RunOrder {
  readonly id: string;
  /** What its first step starts from; an integer below 2^31. */
  readonly seed: number;
  readonly steps: number;
}

/** A prime: results stay small, and no step's share of them is lost. */
const MODULUS = 1_000_003;

/** What a step makes of the result before it: it depends on both, so that a lost, repeated or exchanged step shows in the end. */
export const stepResult = (before: number, step: number): number => (before * 31 + step) % MODULUS;

/** Of the whole run. */
export function runResult({ seed, steps }: Pick<RunOrder, 'seed' | 'steps'>): number {
  let result = seed;
  for (let step = 1; step <= steps; step += 1) result = stepResult(result, step);
  return result;
}
