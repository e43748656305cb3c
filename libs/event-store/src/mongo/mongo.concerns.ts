/** Majority and journaled, said aloud on everything that an answer rests on. */
export const JOURNALED = { w: 'majority', j: true } as const;

/** What was read may be answered from: it can't be rolled back any more. */
export const MAJORITY = { level: 'majority' } as const;

/** MongoDB's one code for a taken key. Nothing else means that: the driver wraps dead sockets in bulk errors as well. */
export function isDuplicateKey(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 11000;
}
