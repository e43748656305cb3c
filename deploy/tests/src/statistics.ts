/** The middle one, or the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const upper = ascending[Math.floor(ascending.length / 2)] ?? NaN;
  const lower = ascending[Math.ceil(ascending.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The least value that at least that share of all doesn't exceed; NaN of none. @param share from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? NaN;
}
