import type { Decision } from '../run/decision';
import type { RunEvent, RunEventData } from '../run/run.events';
import { copiedEvent, copyCompleted, restartOf } from '../run/successor';
import { idInRun } from '../wire/message-id';
import { RunScenario } from './run-scenario';

/*
 * Runs that take over from failed ones (protocol.md 12), as a relay makes them: from the failed run's log and state alone.
 */

/** How the failed run was taken over, as it remembers. */
export function takenOverOf({ run }: RunScenario): RunEventData['RunTakenOver'] {
  const gone = run.deadLetterGone;
  if (!gone || !('takenOver' in gone)) throw new Error('nobody has taken over');
  return gone.takenOver;
}

/** What a resumed run is made of, in order: copies, and the event that says that they are all. */
export function copiesOf(failed: RunScenario): RunEvent[] {
  const takenOver = takenOverOf(failed);
  const copies = failed.history.flatMap(({ events }) =>
    events.flatMap((event) => copiedEvent(event, failed.run, takenOver) ?? []),
  );
  return [...copies, copyCompleted(takenOver)];
}

/** The events in parts of these sizes, what is left over in one more. */
export function partsOf(events: readonly RunEvent[], sizes: readonly number[]): RunEvent[][] {
  const parts: RunEvent[][] = [];
  let from = 0;
  for (const size of sizes) {
    if (from + size >= events.length) break;
    parts.push(events.slice(from, from + size));
    from += size;
  }
  return [...parts, events.slice(from)];
}

/** The scenario of a run that takes over, which has not begun. */
export function successorOf(failed: RunScenario): RunScenario {
  const { successor } = takenOverOf(failed);
  return new RunScenario(successor, failed.at, (n) => idInRun('msg', `${successor}-${n}`, successor));
}

/** A resumed run, whole. */
export function resumed(failed: RunScenario, sizes: readonly number[] = []): RunScenario {
  const scenario = successorOf(failed);
  partsOf(copiesOf(failed), sizes).forEach((events, part) => {
    const decision: Decision<object> = scenario.copyPart(part, failed.runId, events);
    if ('refused' in decision) throw new Error(decision.message);
  });
  return scenario;
}

/** A restarted run. */
export function restarted(failed: RunScenario): RunScenario {
  const takenOver = takenOverOf(failed);
  const { startedAt } = takenOver;
  const scenario = successorOf(failed);
  const payload = failed.history[0]?.events[0]?.bodies[0] ?? new Uint8Array();
  scenario.submit([restartOf(failed.run, takenOver)], [payload], 'effect', {
    successorOf: { runId: failed.runId, how: 'restart', startedAt },
  });
  return scenario;
}
