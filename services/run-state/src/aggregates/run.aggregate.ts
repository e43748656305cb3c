import { evolve, isRunEventType, rowOf, runStream, timerOf } from '@stepwell/core';
import type { Aggregate, StreamKey } from './aggregate';

/** Workflow runs. */
export const RUNS: Aggregate<'run'> = {
  kind: 'run',
  prefix: runStream(''),
  blobOwner: (stream) => stream.slice(runStream('').length),
  knows: isRunEventType,
  evolve,
  // A delivery that was answered 2xx and owes nothing: nobody wants it any more, though the log doesn't say so yet.
  noteDone: (state, messageId) => {
    const delivery = state.deliveries.get(messageId);
    if (!delivery) return false;
    delivery.phase = 'succeeded';
    return true;
  },
  doneEvent: (state, ids) => {
    const messageIds = ids.filter((messageId) => state.deliveries.has(messageId));
    return messageIds.length === 0 ? undefined : { type: 'DeliveriesSucceeded', data: { messageIds }, bodies: [] };
  },
  rowOf,
  // A timer stays owed until what it was set for has happened.
  timersOf: ({ runId, owed }, partition) =>
    [...owed.values()].flatMap((each) => (each.type === 'SetTimer' ? [timerOf(runId, each, partition)] : [])),
};

export const runKey = (runId: string): StreamKey<'run'> => ({ aggregate: RUNS, name: runStream(runId) });
