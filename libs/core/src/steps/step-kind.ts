/** A submitted step's JSON, as far as the log shows it (protocol.md 7.1). */
export type StepJson = Readonly<Record<string, unknown>>;

/**
 * A step kind: what the server has to know of a `stepType`. Steps are many, effects are few (architecture.md section 4): how a kind is
 * set in motion is said by the submission itself (a delay, a call), so a kind only has to show itself.
 */
export interface StepKind {
  /** `stepType` on the wire. */
  readonly type: string;
  /** What the run log shows of it besides the common fields (protocol.md 11). */
  show(step: StepJson): Readonly<Record<string, unknown>>;
  /** Why a run that has planned or recorded it may be standing still, for people. */
  readonly waitsFor: string;
  /** What a run waits for while such a step is set in motion and has no result, where that isn't told by the effect alone. */
  readonly waitingFor?: 'sleep' | 'webhook';
}

/** Copies the fields that are there. */
export function pick(step: StepJson, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(step, name)).map((name) => [name, step[name]]));
}
