import type { Kind, StreamKey } from './aggregate';
import { RUNS } from './run.aggregate';

export type * from './aggregate';
export { placeOfEffect, streamOfEffect } from './effect-id';
export { runKey, RUNS } from './run.aggregate';

/** The stream of this name as its kind's; undefined for streams of no kind that is kept here. */
export function keyOfStream(name: string): StreamKey<Kind> | undefined {
  return name.startsWith(RUNS.prefix) ? { aggregate: RUNS, name } : undefined;
}
