/** What each run of a case does. Every engine is given the same. */
export interface Work {
  readonly steps: number;
  /** All steps at once, instead of one after another. */
  readonly isFanOut?: true;
  /** Before the first step. `forS`: seconds; `untilS`: unix time in seconds. */
  readonly sleep?: { readonly forS: number } | { readonly untilS: number };
  /** That each step's result has besides its number. */
  readonly bytes?: number;
}

/** A run of the bench: what has to come out is known beforehand. */
export interface RunOrder extends Work {
  readonly id: string;
  /** What its first step starts from; an integer below 2^31. */
  readonly seed: number;
}

/** A prime: results stay small, and no step's share of them is lost. */
const MODULUS = 1_000_003;

/** What a step makes of the result before it: it depends on both, so that a lost, repeated or exchanged step shows in the end. */
export const stepResult = (before: number, step: number): number => (before * 31 + step) % MODULUS;

/** Of steps side by side, each of which started from the seed: what the run makes of their results. */
export const joined = (seed: number, results: readonly number[]): number => results.reduce(stepResult, seed);

/** Of the whole run. */
export function runResult({ seed, steps, isFanOut }: Pick<RunOrder, 'seed' | 'steps' | 'isFanOut'>): number {
  const numbers = Array.from({ length: steps }, (_, index) => index + 1);
  if (isFanOut)
    return joined(
      seed,
      numbers.map((step) => stepResult(seed, step)),
    );
  return numbers.reduce(stepResult, seed);
}

/** A step's result as it goes over the wire. */
export type Value = number | { readonly n: number; readonly padding: string };

export const valueOf = (n: number, { bytes = 0 }: Work): Value => (bytes === 0 ? n : { n, padding: 'x'.repeat(bytes) });

/** @throws Error when it is none, or not all of it */
export function numberOf(value: unknown, { bytes = 0 }: Work): number {
  const { n, padding } = typeof value === 'number' ? { n: value, padding: '' } : (value as Exclude<Value, number>);
  if (!Number.isInteger(n) || padding.length !== bytes)
    throw new Error(`no result of ${bytes} bytes: ${JSON.stringify(value).slice(0, 80)}`);
  return n;
}

/** How an engine has a step executed: durably, given what it starts from. */
export type Execute = (before: number, step: number) => Promise<Value>;

/**
 * The program that every engine runs, after its sleep: the steps one after the other, or side by side. @returns the run's result
 * @param all `Promise.all`, where an engine has one of its own
 */
export async function performed(
  order: RunOrder,
  execute: Execute,
  all: (values: readonly Promise<Value>[]) => Promise<Value[]> = (values) => Promise.all(values),
): Promise<number> {
  const { seed, steps, isFanOut } = order;
  if (isFanOut) {
    const values = await all(Array.from({ length: steps }, (_, index) => execute(seed, index + 1)));
    return joined(
      seed,
      values.map((value) => numberOf(value, order)),
    );
  }
  let result = seed;
  for (let step = 1; step <= steps; step += 1) result = numberOf(await execute(result, step), order);
  return result;
}

/** How long a run sleeps from now on, in ms. */
export const sleepMs = (sleep: NonNullable<RunOrder['sleep']>): number =>
  'forS' in sleep ? sleep.forS * 1000 : sleep.untilS * 1000 - Date.now();
