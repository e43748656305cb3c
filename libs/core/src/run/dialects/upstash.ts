import type { StepHead } from '../../wire/submission';
import type { Delivery, Entry, RunState, StepProgress } from '../run.state';

/*
 * The `upstash` dialect: which delivery follows an entry, and which delivery a submission completes (protocol.md 7.2, 7.3, 7.7, 8.3).
 * Nothing else in Stepwell asks this (architecture.md section 4, L7, section 12.1). A submission carries no message id, so the answer
 * comes from step numbers alone:
 *
 * 1. Steps are numbered 1, 2, 3… by the client; all before a step are done before it is planned or run. The *continuation after n* is
 *    the delivery of the entry with which steps 1…n became complete: the initial payload for n = 0.
 * 2. A plan, and a sequential step's result or request, are made by the continuation after all the steps before it. A *request* is
 *    what a step asks of the server before it has a result: a call, a wait, an invoke.
 * 3. A planned step's result or request is made by the delivery of its plan.
 * 4. A call's result is made by the delivery of its callback. Should it come by another way (a slow attempt that was overtaken), the
 *    call and its callback are over with it: they have nothing left to lead to.
 * 5. The result that doesn't complete its group is answered with "discard": its delivery owes nothing (7.7).
 */

/** De-duplication key of a plan or result (7.6). */
export const stepKey = (step: Pick<StepHead, 'stepId' | 'targetStep'>): string =>
  step.targetStep === undefined ? `result:${step.stepId}` : `plan:${step.targetStep}`;

/** Message ids of the deliveries that a submission for this step completes. Ask before the entry is logged. */
export function completedBy(state: RunState, step: StepHead, kind: 'step' | 'request' = 'step'): string[] {
  if (step.targetStep !== undefined) return continuationAfter(state, groupOfPlan(state, step).first - 1);
  return kind === 'request' ? runnerOf(state, step.stepId) : worksOn(state, step.stepId);
}

/** Every delivery that is there to get this step's result, in order: who runs it, its call, the call's callback. */
export function worksOn(state: RunState, stepId: number): string[] {
  const { callMessageId, callbackMessageId } = state.steps.get(stepId) ?? {};
  return [...runnerOf(state, stepId), callMessageId, callbackMessageId].filter((id) => id !== undefined);
}

function runnerOf(state: RunState, stepId: number): string[] {
  const planEntry = state.steps.get(stepId)?.planEntry;
  return planEntry === undefined ? continuationAfter(state, stepId - 1) : messageOf(state, planEntry);
}

/** Records the entry's step and says how it is delivered. The entry is already in `entries`. */
export function deliveryOfEntry(
  state: RunState,
  entry: Entry,
): Pick<Delivery, 'kind' | 'owesFollowUp'> & { entry: number } {
  return { kind: 'step', entry: entry.index, owesFollowUp: recordStep(state, entry) };
}

/** True when a delivery that ends in this entry must lead to something (rule 5). */
function recordStep(state: RunState, entry: Entry): boolean {
  const { step } = entry;
  if (!step) return true;
  state.entryByKey.set(stepKey(step), entry.index);
  if (step.targetStep !== undefined) {
    const progress = progressOf(state, step.targetStep);
    const { first, size } = groupOfPlan(state, step);
    const group = state.groups.get(first) ?? { first, size, planned: 0, done: 0 };
    state.groups.set(first, group);
    group.planned += 1;
    progress.group = group;
    progress.planEntry = entry.index;
    return true;
  }
  const progress = progressOf(state, step.stepId);
  progress.resultEntry = entry.index;
  while (state.steps.get(state.frontier + 1)?.resultEntry !== undefined) state.frontier += 1;
  const { group } = progress;
  if (!group) return true;
  group.done += 1;
  if (group.done < group.planned) return false;
  group.closing = entry.index;
  return true;
}

/** The step's progress, begun if there was none. */
export function progressOf(state: RunState, stepId: number): StepProgress {
  const known = state.steps.get(stepId);
  if (known) return known;
  const progress: StepProgress = { stepId };
  state.steps.set(stepId, progress);
  return progress;
}

/** The group a plan belongs to: all steps before the group are done when it is planned, none of its own are (rule 1). */
function groupOfPlan(state: RunState, step: StepHead): { first: number; size: number } {
  const target = step.targetStep ?? step.stepId;
  const first = state.frontier + 1;
  const size = Math.max(1, step.concurrent);
  return target >= first && target < first + size ? { first, size } : { first: target, size: 1 };
}

/** The message whose delivery continues the run after this many steps; none while they aren't all done. */
export function continuationAfter(state: RunState, steps: number): string[] {
  if (steps <= 0) return messageOf(state, 0);
  const last = state.steps.get(steps);
  if (last?.resultEntry === undefined) return [];
  return messageOf(state, last.group ? last.group.closing : last.resultEntry);
}

function messageOf(state: RunState, entryIndex: number | undefined): string[] {
  const entry = state.entries[entryIndex ?? -1];
  return entry ? [entry.messageId] : [];
}
