/**
 * Of what a run's row carries. Raised when rows written before lack something that lists go by: how complete the rows of another version
 * are counts for nothing, so every partition's next owner makes its rows anew, once (L9).
 *
 * 1: what 0.1.0 wrote, its marks without a version. 2: dead letters. 3: what a run waits for.
 */
export const RUN_ROW_VERSION = 3;

/** Under which a store remembers up to where the rows of this version are complete. No run's id begins like that. */
export function completenessMark(rowVersion: number, partition: number): string {
  return `~complete/${rowVersion}/${partition}`;
}
