/**
 * Looks at what was thrown without `instanceof`: errors that Node itself makes are of another realm than ours inside of
 * Jest, and no instances of our `Error`.
 */
export function hasErrorCode(thrown: unknown, code: string): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === code;
}

export function messageOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : String(thrown);
}
