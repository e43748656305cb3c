import type { AskAddress, AskDefinition, Message } from '@stepwell/core';
import { asks, message, NobodyAnswered, PARTITIONS, partitionOf, runStream } from '@stepwell/core';
import type { Examination } from './examination';
import type { Finding } from './finding';
import { counted, fail, FIX, mended, ok, some, warn } from './finding';
import type { Looked, Problem } from './run.look';
import { lookAtRuns } from './run.look';
import { selectedRuns } from './run.selection';

/*
 * Rows against the log, and runs against the clock. What looks wrong is looked at again a few seconds later: only what is wrong twice is
 * told, and only that is mended.
 */

const ROW_PROBLEMS: readonly Problem[] = ['row-missing', 'row-alone', 'row-differs', 'row-behind'];
const STUCK_PROBLEMS: readonly Problem[] = ['unexplained', 'overdue', 'timer-lost', 'work-lost'];
const PATIENCE_MS = 5_000;

export async function runFindings(examination: Examination): Promise<Finding[]> {
  const runIds = await selectedRuns(examination);
  const suspects = (await lookAtRuns(examination, runIds)).filter(isIll);
  const ill = await lookAgain(examination, suspects);
  const scope = examination.isFull ? counted(runIds.length, 'run') : `a sample of ${counted(runIds.length, 'run')}`;
  return [
    ...unreadableFindings(ill),
    ...(await rowFindings(examination, ill, scope)),
    ...(await completenessFindings(examination)),
    ...(await stuckFindings(examination, ill, scope)),
  ];
}

const isIll = ({ problems }: Looked): boolean => problems.length > 0;
const withSome = (ill: readonly Looked[], wanted: readonly Problem[]): Looked[] =>
  ill.filter(({ problems }) => problems.some((problem) => wanted.includes(problem)));
const namesOf = (runs: readonly Looked[]): string => some(runs.map(({ runId }) => runId));

/** Only what it had before: something new has only just begun. */
async function lookAgain(examination: Examination, suspects: readonly Looked[]): Promise<Looked[]> {
  if (suspects.length === 0) return [];
  await examination.settle();
  const before = new Map(suspects.map(({ runId, problems }) => [runId, problems]));
  const again = await lookAtRuns(
    examination,
    suspects.map(({ runId }) => runId),
  );
  return again
    .map((run) => ({ ...run, problems: run.problems.filter((each) => before.get(run.runId)?.includes(each)) }))
    .filter(isIll);
}

function unreadableFindings(ill: readonly Looked[]): Finding[] {
  const unreadable = withSome(ill, ['unreadable']);
  if (unreadable.length === 0) return [];
  const text = `${counted(unreadable.length, 'run')} can not be read: ${namesOf(unreadable)}`;
  return [
    fail('log', text, 'restore the database from a backup; entries of a newer version need the doctor of that version'),
  ];
}

async function rowFindings(examination: Examination, ill: readonly Looked[], scope: string): Promise<Finding[]> {
  const drifted = withSome(ill, ROW_PROBLEMS);
  if (drifted.length === 0) return [ok('rows', `those of ${scope} say what the log says`)];
  const text = `${counted(drifted.length, 'row')} of ${scope} not as the log says: ${namesOf(drifted)}`;
  if (examination.fix) {
    await rebuild(examination, drifted);
    const left = withSome(
      await lookAtRuns(
        examination,
        drifted.map(({ runId }) => runId),
      ),
      ROW_PROBLEMS,
    );
    return left.length === 0
      ? [mended('rows', `${text}; made anew`)]
      : [fail('rows', text, 'run it again: they are written by others at the moment')];
  }
  const isBehindOnly = drifted.every(({ problems }) => problems.every((each) => each === 'row-behind'));
  return isBehindOnly
    ? [warn('rows', `${text}, in what they wait for`, 'nothing: the auditor mends them')]
    : [fail('rows', text, FIX)];
}

async function rebuild({ store }: Examination, drifted: readonly Looked[]): Promise<void> {
  // A row of a version that its run never had is in the way of the right one.
  const wrong = drifted.filter(({ row, stored }) => stored && (!row || stored.version > row.version));
  await store.removeRows(wrong.map(({ runId }) => runId));
  await store.rows.upsert(drifted.flatMap(({ row }) => row ?? []));
}

async function completenessFindings({ store }: Examination): Promise<Finding[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const marks = await Promise.all(partitions.map((partition) => store.rows.completeUpTo(partition)));
  const missing = marks.filter((mark) => mark === undefined).length;
  if (missing === 0) return [];
  const text = `those of ${counted(missing, 'partition')} were not made by this version yet`;
  return [warn('rows', text, 'wait: run-state makes them when it takes the partition; lists may lack runs until then')];
}

async function stuckFindings(examination: Examination, ill: readonly Looked[], scope: string): Promise<Finding[]> {
  const stuck = withSome(ill, STUCK_PROBLEMS);
  if (stuck.length === 0) return [ok('runs', `none of ${scope} is stuck`)];
  const named = some(
    stuck.map(({ runId, problems, waitingFor = 'nothing' }) => {
      const wrong = problems.filter((each) => STUCK_PROBLEMS.includes(each));
      return `${runId} (${waitingFor}: ${wrong.join(', ')})`;
    }),
  );
  const text = `${counted(stuck.length, 'run')} of ${scope} stuck: ${named}`;
  if (!examination.fix) return [fail('runs', text, `${FIX}; the auditor of a running run-state sends the same again`)];
  const isSent = await sendAgain(examination, stuck);
  if (!isSent) {
    return [
      fail('runs', text, 'start run-state and scheduler; in one process the auditor sends them again, or a restart'),
    ];
  }
  await examination.settle();
  const left = withSome(await lookAgain(examination, stuck), STUCK_PROBLEMS);
  return left.length === 0
    ? [mended('runs', `${text}; sent again`)]
    : [fail('runs', `${text}; sent again, and not moving yet: ${namesOf(left)}`, 'run it again in a minute')];
}

/** By those who own them. False = somebody is away. */
async function sendAgain({ broker }: Examination, stuck: readonly Looked[]): Promise<boolean> {
  if (!broker) return false;
  const ask = async <Request, Answer>(
    definition: AskDefinition<Request, Answer>,
    address: AskAddress,
    request: Message<Request>,
  ): Promise<boolean> => {
    try {
      await broker.ask(definition, address, request, { patienceMs: PATIENCE_MS });
      return true;
    } catch (error) {
      if (error instanceof NobodyAnswered) return false;
      throw error;
    }
  };
  for (const { runId, lostTimers, problems } of stuck) {
    const address = { partition: partitionOf(runStream(runId)) };
    if (lostTimers.length > 0 && !(await ask(asks.SetTimers, address, message({ timers: lostTimers })))) return false;
    const isToBeAudited = problems.some((problem) => problem !== 'timer-lost');
    if (isToBeAudited && !(await ask(asks.AuditRun, address, message({ runId })))) return false;
  }
  return true;
}
