import { median } from '../../statistics';
import type { Window } from '../work/journal';
import type { Point } from './measurement';

/** Medians of the steps' latencies over a run, at the last of each so many steps; what is left over at the end goes with those before it. */
export function curveOf(
  { stepMs, stepNumbers }: Pick<Window, 'stepMs' | 'stepNumbers'>,
  steps: number,
  each: number,
): Point[] {
  const points = Math.max(1, Math.floor(steps / each));
  const buckets = Array.from({ length: points }, () => [] as number[]);
  stepMs.forEach((ms, index) => {
    const bucket = Math.min(points - 1, Math.floor(((stepNumbers[index] ?? 1) - 1) / each));
    buckets[bucket]?.push(ms);
  });
  return buckets.map((bucket, index) => [index === points - 1 ? steps : (index + 1) * each, median(bucket)]);
}
