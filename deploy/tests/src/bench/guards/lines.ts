/** By what is counted. */
export type Counts = Readonly<Record<string, number>>;

/** What a run costs by itself, and what each of its steps adds. */
export interface Line {
  readonly perRun: number;
  readonly perStep: number;
}
export type Lines = Readonly<Record<string, Line>>;

/** Of runs of two lengths. */
export function lineThrough(
  [short, ofShort]: readonly [number, Counts],
  [long, ofLong]: readonly [number, Counts],
): Lines {
  const lineOf = (name: string): Line => {
    const from = ofShort[name] ?? 0;
    const perStep = ((ofLong[name] ?? 0) - from) / (long - short);
    return { perStep, perRun: from - perStep * short };
  };
  return Object.fromEntries(Object.keys(ofShort).map((name) => [name, lineOf(name)]));
}
