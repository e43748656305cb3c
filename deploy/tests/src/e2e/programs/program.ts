import fc from 'fast-check';

/** One step of a program. Every step has a value of its own, so that a swapped result is seen. */
export type Step =
  | { readonly kind: 'run'; readonly value: number }
  /** Throws so often before it succeeds. */
  | { readonly kind: 'flaky'; readonly value: number; readonly failures: number }
  | { readonly kind: 'sleep'; readonly seconds: 0 | 1 }
  /** A third party that answers with this status, and is tried again so often. */
  | { readonly kind: 'call'; readonly value: number; readonly status: 200 | 404 | 503; readonly retries: 0 | 1 }
  /** An event that is told to the run before the wait, during it, or that is never told. */
  | { readonly kind: 'wait'; readonly value: number; readonly told: 'early' | 'late' | 'never' }
  | { readonly kind: 'notify'; readonly value: number };

export type Stage = Step | { readonly kind: 'all'; readonly branches: readonly Step[] };

export interface Program {
  readonly stages: readonly Stage[];
  /** After everything: what fails whatever is done. */
  readonly doomed: boolean;
}

/** Of every delivery of a program's run. */
export const RETRIES = 2;

const value = fc.integer({ min: 0, max: 999_999 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('run' as const), value }), weight: 4 },
  {
    arbitrary: fc.record({
      kind: fc.constant('flaky' as const),
      value,
      failures: fc.integer({ min: 1, max: RETRIES }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ kind: fc.constant('sleep' as const), seconds: fc.constantFrom(0 as const, 0, 1) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      value,
      status: fc.constantFrom(200 as const, 200, 404, 503),
      retries: fc.constantFrom(0 as const, 1),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      value,
      told: fc.constantFrom('early' as const, 'early', 'late', 'late', 'never'),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant('notify' as const), value }), weight: 1 },
);
const group = fc.record({
  kind: fc.constant('all' as const),
  // A group of one is no group: the client runs it like a step by itself.
  branches: fc.array(step, { minLength: 2, maxLength: 5 }),
});

export const program: fc.Arbitrary<Program> = fc.record({
  stages: fc.array(fc.oneof({ arbitrary: step, weight: 3 }, { arbitrary: group, weight: 1 }), {
    minLength: 1,
    maxLength: 7,
  }),
  doomed: fc.constantFrom(false, false, false, true),
});

/** Every step with its name: `2` is the third stage, `2.1` its second branch. */
export function named(stages: readonly Stage[]): [name: string, step: Step][] {
  return stages.flatMap((stage, place): [string, Step][] =>
    stage.kind === 'all'
      ? stage.branches.map((branch, index) => [`${place}.${index}`, branch])
      : [[String(place), stage]],
  );
}
