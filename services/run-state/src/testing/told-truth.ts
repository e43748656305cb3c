import type { MailboxObligation, NotifyAnswer, Obligation, RunState } from '@stepwell/core';
import { hasEnded, idInOtherRun, timerId, waitTimerId } from '@stepwell/core';
import type { LogTruth } from './log-truth';
import type { RunStateWorld } from './run-state-world';

/** A wait that was answered. */
export interface Wait {
  readonly runId: string;
  readonly eventId: string;
  readonly messageId: string;
}

/** Whether those who were to be told have it, by what the log says of them. */
export class ToldTruth {
  constructor(
    private readonly truth: LogTruth,
    private readonly world: Pick<RunStateWorld, 'data' | 'announced' | 'timersSet'>,
    /** A run and who took over from it, and from that. */
    private readonly familyOf: (runId: string) => readonly string[],
  ) {}

  wasTold(runId: string, messageId: string): boolean {
    return this.familyOf(runId).some((id) => {
      const invoke = this.truth.run(id)?.invokes.get(id === runId ? messageId : idInOtherRun(messageId, id));
      return invoke !== undefined && this.truth.run(id)?.steps.get(invoke.data.step.stepId)?.resultEntry !== undefined;
    });
  }

  isSettled(effectId: string, obligation: Obligation): boolean {
    const runId = effectId.split(':')[0]?.slice('run-'.length) ?? '';
    switch (obligation.type) {
      case 'WriteRow':
        return (this.world.data.rows.get(runId)?.version ?? 0) >= Number(effectId.split(':')[1]);
      case 'Announce':
        return this.world.announced.some((id) => id.startsWith(`${runId}:`));
      case 'SetTimer':
        return (
          !this.truth.isOwed(effectId) ||
          this.world.timersSet.includes(timerId(runId, obligation.messageId, obligation.attempt))
        );
      case 'TellStream':
        return !this.truth.isOwed(effectId) || this.wasToldTo(runId, obligation.tell);
      case 'CancelTimer':
      case 'Deliver':
      case 'CallOut':
        return true;
    }
  }

  private wasToldTo(runId: string, tell: Extract<Obligation, { readonly type: 'TellStream' }>['tell']): boolean {
    const state = this.truth.run(runId);
    switch (tell.kind) {
      case 'register-waiter':
        return this.truth.registered.has(tell.messageId);
      case 'drop-run':
        return this.truth.mailbox(tell.eventId)?.dropped.has(runId) === true;
      case 'start-child':
        return this.truth.run(state?.invokes.get(tell.messageId)?.data.child.runId ?? '') !== undefined;
      case 'child-ended': {
        const { runId: parent = '', messageId = '' } = state?.start.invoker ?? {};
        return this.wasTold(parent, messageId);
      }
      case 'start-successor': {
        const gone = state?.deadLetterGone;
        return gone !== undefined && 'takenOver' in gone && this.truth.run(gone.takenOver.successor) !== undefined;
      }
    }
  }

  isSettledOfMailbox(effectId: string, obligation: MailboxObligation): boolean {
    if (!this.truth.isOwed(effectId)) return true;
    switch (obligation.type) {
      case 'TellRun':
        return hasOutcome(this.truth.run(obligation.waiter.runId), obligation.waiter.messageId);
      case 'SetTimer': {
        const eventId = effectId.split(':')[0]?.slice('mailbox-'.length) ?? '';
        return this.world.timersSet.includes(waitTimerId(eventId, obligation.messageId));
      }
      case 'CancelTimer':
        return true;
    }
  }
}

/** Or its run had ended before it would have been. */
export function isRegistered(truth: LogTruth, { runId, messageId }: Wait): boolean {
  const run = truth.run(runId);
  return truth.registered.has(messageId) || (run !== undefined && hasEnded(run));
}

/** Or the parent had ended before it would have (8.7). */
export function isBegun(truth: LogTruth, runId: string, childId: string): boolean {
  const parent = truth.run(runId);
  return truth.run(childId) !== undefined || (parent !== undefined && hasEnded(parent));
}

export function expectTold(truth: LogTruth, { waiters }: NotifyAnswer): void {
  for (const { runId, messageId } of waiters) expect(hasOutcome(truth.run(runId), messageId)).toBe(true);
}

/** The wait is over for its run: it has the result, or has itself ended. */
export function hasOutcome(run: RunState | undefined, messageId: string): boolean {
  if (!run) return false;
  const wait = run.waits.get(messageId);
  return hasEnded(run) || (wait !== undefined && run.steps.get(wait.data.step.stepId)?.resultEntry !== undefined);
}
