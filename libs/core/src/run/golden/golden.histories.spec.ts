import { runStream } from '../../messages/partition';
import type { StoredEntry, StoredEvent } from '../../testing/golden-histories';
import { goldenHistories } from '../../testing/golden-histories';
import { recordings } from '../../testing/golden-recordings';
import type { RunEvent } from '../run.events';
import { isRunEventType, RUN_EVENT_TYPES } from '../run.events';
import type { RunEntry } from '../run.evolver';
import { evolve } from '../run.evolver';
import type { RunState } from '../run.state';

function summaryOf(state: RunState): object {
  return {
    status: state.status,
    version: state.version,
    createdAt: state.createdAt,
    completedAt: state.completedAt,
    log: state.entries.map(({ messageId, step, place }) => [messageId, step?.stepId, step?.targetStep, place]),
    calls: [...state.calls].map(([messageId, { answer }]) => [messageId, answer?.result.status, answer?.body]),
    open: [...state.deliveries.values()].map(({ messageId, kind, url, attempt, retried, phase, owesFollowUp }) => ({
      ...{ messageId, kind, url, attempt, retried, phase, owesFollowUp },
    })),
    owed: [...state.owed],
    failures: [...state.failures].map(([messageId, failures]) => [
      messageId,
      failures.map(({ at, attempt, counted, nextAttemptAt, result }) => ({
        ...{ at, attempt, counted, nextAttemptAt, status: result.status, code: result.error?.code },
      })),
    ]),
    result: state.result,
    failure: state.failure && { messageId: state.failure.data.messageId, dlqId: state.failure.data.dlqId },
    failureCallback: state.failureCallback && { state: state.failureCallback.state },
    ...asked(state),
  };
}

/** Of what runs of before didn't have: absent there. */
function asked({ waits, invokes, mailboxes, isContinued, isCopying, deadLetterGone }: RunState): object {
  const some = <Each>(list: readonly Each[]): readonly Each[] | undefined => (list.length > 0 ? list : undefined);
  return {
    waits: some([...waits].map(([messageId, { at, data }]) => [messageId, at, data.eventId, data.deadlineAt])),
    invokes: some(
      [...invokes].map(([messageId, { at, data, childPlace }]) => [messageId, at, data.child.runId, childPlace]),
    ),
    mailboxes: some([...mailboxes]),
    isContinued,
    isCopying,
    deadLetterGone,
  };
}

function fold(runId: string, entries: readonly StoredEntry[]): object[] {
  let state: RunState | undefined;
  return entries.map(({ version, at, events }) => {
    const entry: RunEntry = { stream: runStream(runId), version, at, events: events.map(eventOf) };
    state = evolve(state, entry).state;
    return summaryOf(state);
  });
}

function eventOf({ type, data }: StoredEvent): RunEvent {
  if (!isRunEventType(type)) throw new Error(`unknown event ${type}`);
  return { type, data, bodies: [] } as unknown as RunEvent;
}

goldenHistories({
  folder: __dirname,
  name: 'runId',
  recordings: Object.fromEntries(
    Object.entries(recordings).map(([name, tell]) => [
      name,
      () => {
        const { runId, history } = tell();
        return { id: runId, history };
      },
    ]),
  ),
  eventTypes: Object.keys(RUN_EVENT_TYPES),
  fold,
});
