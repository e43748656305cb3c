import type { Kind, StreamKey } from './aggregate';
import { MAILBOXES } from './mailbox.aggregate';
import { RUNS } from './run.aggregate';

export type * from './aggregate';
export { streamOfEffect } from './effect-id';
export { mailboxKey, MAILBOXES } from './mailbox.aggregate';
export { runKey, RUNS } from './run.aggregate';

/** The stream of this name as its kind's; undefined for streams of no kind that is kept here. */
export function keyOfStream(name: string): StreamKey<Kind> | undefined {
  const aggregate = [RUNS, MAILBOXES].find(({ prefix }) => name.startsWith(prefix));
  return aggregate && { aggregate, name };
}
