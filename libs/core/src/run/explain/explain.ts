import { stepKind } from '../../steps';
import { maxRetriesOf } from '../attempt.decider';
import type { Delivery, Obligation, RunState, RunTold } from '../run.state';
import { hasEnded } from '../run.state';
import type { Explanation, WaitingFor, WaitingReason } from './waiting.reason';

/*
 * explain: what a run is waiting for, and until when (architecture.md E4).
 *
 * 1. Read from what the state owes, like recovery: whatever has to happen for the run to go on is owed by it, so what is owed *is* the
 *    reason. A live run that owes nothing of that kind can't say why it isn't moving, and that is a bug.
 * 2. A live run has exactly one reason. Branches that run side by side each have one; the one that is named is that which is likely to
 *    end last: a child or a call, which end when others say so, before the latest deadline, and that before a delivery.
 * 3. An ended run waits for nothing. Its failure callback may still have to be made: that is what is owed, and so it is told.
 */

/** Undefined when the run waits for nothing: it has ended, or can't say. */
export function explain(state: RunState): Explanation | undefined {
  const [reason, ...others] = reasonsOf(state);
  return reason && { reason, others };
}

/** All that the run waits for, the one to name first. */
export function reasonsOf(state: RunState): WaitingReason[] {
  if (state.isCopying) return [copied(state)];
  const reasons: WaitingReason[] = [];
  for (const [effectId, obligation] of state.owed) {
    const reason = reasonOf(state, effectId, obligation);
    if (reason) reasons.push(reason);
  }
  return reasons.length > 1 ? reasons.sort(farthestFirst) : reasons;
}

function reasonOf(state: RunState, effectId: string, obligation: Obligation): WaitingReason | undefined {
  switch (obligation.type) {
    case 'Deliver':
    case 'CallOut':
    case 'SetTimer': {
      const delivery = state.deliveries.get(obligation.messageId);
      return delivery && delivery.phase !== 'succeeded' ? { effectId, ...delivered(state, delivery) } : undefined;
    }
    case 'TellStream': {
      const asked = requested(state, obligation.tell);
      return asked && { effectId, ...asked };
    }
    case 'CancelTimer':
    case 'WriteRow':
    case 'Announce':
      return undefined;
  }
}

function copied({ createdAt, start }: RunState): WaitingReason {
  return {
    waitingFor: 'copy',
    since: createdAt,
    ...(start.successorOf ? { runId: start.successorOf.runId } : {}),
  };
}

function delivered(state: RunState, delivery: Delivery): WaitingReason {
  const { messageId, url, phase, retried, since, owesFollowUp, kind } = delivery;
  const last = state.failures.get(messageId)?.at(-1);
  // A start that was continued is tried anew.
  const failed = last?.attempt === delivery.attempt - 1 ? last : undefined;
  const until = typeof phase === 'object' ? phase.waitingUntil : undefined;
  const isRetry = failed !== undefined && until !== undefined && failed.nextAttemptAt === until;
  return {
    waitingFor:
      kind === 'failure' ? 'failure-callback' : isRetry ? 'retry' : waitingForDelivery(state, delivery, until),
    since: isRetry ? failed.at : since,
    ...(until === undefined ? { attempt: delivery.attempt } : { until }),
    messageId,
    ...(kind === 'failure' ? {} : placeOf(state, stepOf(state, delivery))),
    ...(failed ? { retry: { number: retried, of: maxRetriesOf(state, delivery) } } : {}),
    ...(failed?.counted === false ? { isOutage: true } : {}),
    url,
    ...(owesFollowUp || kind === 'call' || kind === 'failure' ? {} : { isAside: true }),
  };
}

function waitingForDelivery(state: RunState, { kind, entry }: Delivery, until: number | undefined): WaitingFor {
  if (until === undefined) return kind === 'call' ? 'call' : 'delivery';
  const { step, data } = state.entries[entry ?? -1] ?? {};
  const isSleep = step !== undefined && stepKind(step.stepType).waitingFor === 'sleep';
  // A resumed run may have been told to wait longer than its step slept.
  return isSleep && data?.notBeforeMs === until ? 'sleep' : 'delay';
}

interface AboutStep {
  readonly id: number;
  readonly name: string;
  readonly isPlanned: boolean;
}

/** Of the initial payload there is none. */
function stepOf(state: RunState, { entry, callMessageId }: Delivery): AboutStep | undefined {
  const head = state.calls.get(callMessageId ?? '')?.data.callback.step ?? state.entries[entry ?? -1]?.step;
  if (!head) return undefined;
  const { stepId, stepName: name, targetStep } = head;
  return { id: targetStep ?? stepId, name, isPlanned: targetStep !== undefined };
}

function requested(state: RunState, told: RunTold): WaitingReason | undefined {
  if (told.kind === 'register-waiter') {
    const { messageId } = told;
    const wait = state.waits.get(messageId);
    if (!wait) return undefined;
    const { step, eventId, deadlineAt } = wait.data;
    const waitingFor = stepKind(step.stepType).waitingFor === 'webhook' ? 'webhook' : 'event';
    return { waitingFor, since: wait.at, until: deadlineAt, messageId, ...placeOf(state, aboutRequest(step)), eventId };
  }
  if (told.kind !== 'start-child') return undefined;
  const { messageId } = told;
  const invoke = state.invokes.get(messageId);
  if (!invoke) return undefined;
  const { step, child } = invoke.data;
  const { runId, workflowUrl: url } = child;
  return { waitingFor: 'child', since: invoke.at, messageId, ...placeOf(state, aboutRequest(step)), url, runId };
}

const aboutRequest = ({ stepId, stepName }: { readonly stepId: number; readonly stepName: string }): AboutStep => ({
  id: stepId,
  name: stepName,
  isPlanned: false,
});

function placeOf(state: RunState, step: AboutStep | undefined): Pick<WaitingReason, 'step' | 'group'> {
  if (!step) return {};
  const group = state.steps.get(step.id)?.group;
  if (!group || group.done >= group.planned) return { step };
  return { step, group: { size: group.planned, done: group.done } };
}

function farthestFirst(one: WaitingReason, other: WaitingReason): number {
  const byRank = rankOf(one) - rankOf(other);
  if (byRank !== 0) return byRank;
  const byEnd = (other.until ?? 0) - (one.until ?? 0);
  return byEnd === 0 ? one.since - other.since : byEnd;
}

function rankOf({ waitingFor, until, isAside }: WaitingReason): number {
  if (isAside) return 3;
  if (until !== undefined) return 1;
  return waitingFor === 'delivery' ? 2 : 0;
}

/** What lists filter by; undefined for a run that waits for nothing. */
export const waitingForOf = (state: RunState): WaitingFor | undefined => explain(state)?.reason.waitingFor;

/**
 * What makes a reason worth looking into, by a clock that says `at` and with a grace for what takes its time:
 * `overdue`: it should be over. `quiet`: nobody has said anything for as long, and whoever was asked may have lost it.
 */
export function suspicionOf(reason: WaitingReason, at: number, graceMs: number): 'overdue' | 'quiet' | undefined {
  if (reason.until !== undefined) return at > reason.until + graceMs ? 'overdue' : undefined;
  return at > reason.since + graceMs ? 'quiet' : undefined;
}

/** A run that has not ended always has a reason. */
export const isUnexplained = (state: RunState): boolean => !hasEnded(state) && !reasonsOf(state).some(leadsOn);

const leadsOn = ({ isAside }: WaitingReason): boolean => isAside !== true;
