import type { Acknowledged } from '../acknowledged';
import { RETRIES } from '../acknowledged';
import type { Evidence } from './evidence';
import { during, throughAt } from './evidence';

/** What came of a fault may be seen that much later: leases run out after ten seconds, and a gateway asks again for thirty. */
const AFTERMATH_MS = 30_000;

interface Attempt {
  readonly messageId: string;
  readonly retried: number;
  readonly at: number;
}

/** What is wrong with how often, and when, deliveries of a run were made. */
export function wrongAttempts(run: Acknowledged, evidence: Evidence): string[] {
  const attempts = attemptsOf(evidence);
  return [
    ...moreThanAllowed(attempts),
    ...madeTwiceForNothing(attempts, evidence),
    ...chargedToTheUser(run, attempts, evidence),
    ...madeAfterTheirFollowUp(attempts, evidence),
  ];
}

export function attemptsOf({ journal }: Pick<Evidence, 'journal'>): Attempt[] {
  return journal.deliveries.map(({ headers }, index) => ({
    messageId: String(headers['upstash-message-id']),
    retried: Number(headers['upstash-retried']),
    at: journal.arrivals[index] ?? 0,
  }));
}

function moreThanAllowed(attempts: readonly Attempt[]): string[] {
  return attempts
    .filter(({ retried }) => retried > RETRIES)
    .map(({ messageId, retried }) => `${messageId} was tried again ${retried} times, of ${RETRIES}`);
}

/** The same attempt again: only for what crashed or stood still. */
function madeTwiceForNothing(attempts: readonly Attempt[], { disturbances, lies }: Evidence): string[] {
  return [...groupedBy(attempts, ({ messageId, retried }) => `${messageId}#${retried}`)].flatMap(([attempt, made]) => {
    const first = made[0]?.at ?? 0;
    const last = made.at(-1)?.at ?? 0;
    const doubled = lies.filter(
      ({ lie, messageId, retried }) => lie === 'does everything twice' && `${messageId}#${retried}` === attempt,
    ).length;
    const excused = doubled + during(disturbances, { from: first - AFTERMATH_MS, to: last }).length;
    return made.length - 1 > excused ? [`${attempt} was made ${made.length} times, ${excused} faults later`] : [];
  });
}

/** B4: what is ours costs them no attempt. A gateway that is gone can't say that it is ours. */
function chargedToTheUser(run: Acknowledged, attempts: readonly Attempt[], evidence: Evidence): string[] {
  const { disturbances, lies } = evidence;
  if (run.road === 'hindered' || run.failsByItself) return [];
  return [...groupedBy(attempts, ({ messageId }) => messageId)].flatMap(([messageId, made]) => {
    const retried = Math.max(...made.map((each) => each.retried));
    const ownFault = lies.filter((each) => each.messageId === messageId).length;
    const window = { from: (made[0]?.at ?? 0) - AFTERMATH_MS, to: made.at(-1)?.at ?? 0 };
    const silence = during(disturbances, window).filter(({ hits }) => hits.includes('gateway')).length;
    return retried > ownFault + silence
      ? [`${messageId} was tried again ${retried} times, of which ${ownFault + silence} are not ours`]
      : [];
  });
}

/**
 * What follows a delivery is in the log by the time that a later one shows it. As long as nothing runs side by side, everything before the
 * last entry of a history has been followed.
 */
function madeAfterTheirFollowUp(attempts: readonly Attempt[], evidence: Evidence): string[] {
  const followedAt = new Map<string, number>();
  return evidence.journal.deliveries.flatMap(({ history = [] }, index) => {
    const attempt = attempts[index];
    if (!attempt) return [];
    const known = followedAt.get(attempt.messageId);
    for (const { messageId } of followedIn(history))
      if (!followedAt.has(messageId)) followedAt.set(messageId, attempt.at);
    return known !== undefined && attempt.at > throughAt(known, evidence.disturbances)
      ? [`${attempt.messageId} was made ${attempt.at - known} ms after its follow-up was in the log`]
      : [];
  });
}

type History = NonNullable<Evidence['journal']['deliveries'][number]['history']>;

function followedIn(history: History): History {
  const firstPlan = history.findIndex(({ text }) => text.includes('"targetStep":'));
  return (firstPlan === -1 ? history : history.slice(0, firstPlan)).slice(0, -1);
}

function groupedBy<Each>(all: readonly Each[], keyOf: (each: Each) => string): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const each of all) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return groups;
}
