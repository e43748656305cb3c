/** A seeded random number in [0, 1): mulberry32. The seed is printed by whoever uses it, so that a failure can be had again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const seedOfThisRun = (): number =>
  Number(process.env['STEPWELL_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
