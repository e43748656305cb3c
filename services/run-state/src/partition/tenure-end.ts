/** Asked through a function: the compiler takes it that a flag once read stays as it was, whatever is awaited in between. */
export const isOver = (lost: AbortSignal): boolean => lost.aborted;
