import { RUN_TOPICS, workFilter } from './subjects';
import { works } from './catalogue';

/*
 * The JetStream streams, as plain data; `libs/messaging` makes them in an idempotent step. Limits on every stream. Names of work
 * streams carry the store's epoch, which a restore raises (E2): `<name>_E<epoch>`.
 */

const GIB = 1024 ** 3;
const DAY_MS = 24 * 60 * 60 * 1000;

/** One message per effect: the effect id is the subject's last token, one message per subject, new ones rejected (E2). */
export interface WorkStream {
  readonly name: string;
  readonly filter: string;
  readonly consumer: string;
  readonly maxBytes: number;
  readonly maxMessages: number;
  /** Heart-beaten while a handler runs; how long a dead worker's item waits for another. */
  readonly ackWaitMs: number;
  readonly maxAckPending: number;
}

const workStream = (
  definition: { owner: Parameters<typeof workFilter>[0]; name: string },
  ackWaitMs: number,
): WorkStream => ({
  name: `STEPWELL_WORK_${definition.name.toUpperCase()}`,
  filter: workFilter(definition.owner, definition.name),
  consumer: definition.owner,
  maxBytes: 8 * GIB,
  maxMessages: 5_000_000,
  ackWaitMs,
  maxAckPending: 100_000,
});

export const workStreams = {
  Deliver: workStream(works.Deliver, 10_000),
  CallOut: workStream(works.CallOut, 10_000),
  Announce: workStream(works.Announce, 10_000),
} as const satisfies Record<keyof typeof works, WorkStream>;

/** What outsiders may read. */
export const publicStream = {
  name: 'STEPWELL_RUNS',
  subjects: [RUN_TOPICS],
  maxBytes: 2 * GIB,
  maxMessages: 1_000_000,
  maxAgeMs: 7 * DAY_MS,
  duplicateWindowMs: 2 * 60 * 1000,
} as const;
