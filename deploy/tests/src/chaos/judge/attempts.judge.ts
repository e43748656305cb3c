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
  const { disturbances, gatewayAway, lies } = evidence;
  if (run.road === 'hindered' || run.failsByItself) return [];
  const silences = [...gatewayAway, ...disturbances.filter(({ hits }) => hits.includes('gateway'))];
  return [...groupedBy(attempts, ({ messageId }) => messageId)].flatMap(([messageId, made]) => {
    const ownFaults = new Set(lies.filter((each) => each.messageId === messageId).map((each) => each.retried));
    const firstOf = (retried: number): number | undefined => made.find((each) => each.retried === retried)?.at;
    const last = Math.max(...made.map((each) => each.retried));
    const failed = Array.from({ length: last }, (_, retried) => retried);
    return failed
      .filter((retried) => !ownFaults.has(retried))
      .filter((retried) => {
        const from = firstOf(retried) ?? -Infinity;
        return during(silences, { from, to: firstOf(retried + 1) ?? Infinity }).length === 0;
      })
      .map((retried) => `${messageId}#${retried} was charged to the user, and nothing was wrong with them`);
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
