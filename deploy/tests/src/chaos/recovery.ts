import type { Disturbance } from './faults/fault';

export interface Recovery {
  readonly count: number;
  /** From the fault's end to the next delivery, whoever's; undefined when none came any more. */
  readonly medianMs?: number;
  readonly longestMs?: number;
}

/** How long it took until something went on after faults, by their names. */
export function recoveries(struck: readonly Disturbance[], arrivals: readonly number[]): Map<string, Recovery> {
  const sorted = [...arrivals].sort((one, other) => one - other);
  const waited = new Map<string, number[]>();
  const counts = new Map<string, number>();
  for (const { name, to } of struck) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const next = sorted.find((at) => at > to);
    if (next !== undefined) waited.set(name, [...(waited.get(name) ?? []), next - to]);
  }
  return new Map(
    [...counts].map(([name, count]) => {
      const ms = (waited.get(name) ?? []).sort((one, other) => one - other);
      const medianMs = ms[Math.floor(ms.length / 2)];
      const longestMs = ms.at(-1);
      return [
        name,
        {
          count,
          ...(medianMs === undefined ? {} : { medianMs }),
          ...(longestMs === undefined ? {} : { longestMs }),
        },
      ];
    }),
  );
}
