import type { RunAnnouncement } from '@stepwell/core';
import type { Program } from '../app/program';
import { stepAt } from '../app/program';
import type { Journal, RunJournal, StepJournal } from './journal';
import type { LogWitness } from './log-witness';
import type { Violations } from './violations';

const OUTCOMES: Readonly<Record<string, RunAnnouncement['outcome']>> = {
  RunFinished: 'completed',
  RunFailed: 'failed',
  RunCancelled: 'cancelled',
};

/** What must be so when everything has come to rest. */
export class EndJudge {
  constructor(
    private readonly journal: Journal,
    private readonly programs: readonly Program[],
    private readonly witness: LogWitness,
    private readonly announcements: ReadonlyMap<string, RunAnnouncement>,
    private readonly violations: Violations,
    private readonly isCalm: boolean,
  ) {}

  judge(): void {
    for (const run of this.journal.runs.values()) {
      const program = this.programs[run.program];
      if (!program || !isBegun(run)) continue;
      this.judgeEnd(run, program);
      for (const [stepId, step] of run.steps) this.judgeStep(run, stepId, step, program);
      if (this.isCalm) this.judgeCalm(run);
    }
  }

  private judgeEnd(run: RunJournal, program: Program): void {
    const { runId } = run;
    const inLog = OUTCOMES[this.witness.endOf(runId) ?? ''];
    const announced = this.announcements.get(runId);
    if (inLog === undefined) {
      this.violations.report('every run ends', `${runId} has not ended, and waits for nothing that is still to come`);
      return;
    }
    if (!announced) this.violations.report('every end is announced', `${runId} is ${inLog}, and nobody was told`);
    for (const outcome of run.announced) {
      if (outcome !== inLog) this.violations.report('a run ends once', `${runId} is ${inLog} and was told ${outcome}`);
    }
    switch (inLog) {
      case 'completed':
        if (run.finishResult === undefined || (announced && announced.result !== run.finishResult)) {
          this.violations.report('results are those given', `${runId} ended with ${announced?.result ?? 'nothing'}`);
        }
        return;
      case 'cancelled':
        if (run.cancelSentMs === undefined) {
          this.violations.report('an end has its reason', `${runId} was cancelled by nobody`);
        }
        return;
      case 'failed':
        this.judgeFailure(run, program);
    }
  }

  private judgeFailure(run: RunJournal, program: Program): void {
    const deliveries = [...run.deliveries.values()];
    if (!deliveries.some(({ bad, wasRefused }) => wasRefused || bad > program.retries)) {
      const most = Math.max(0, ...deliveries.map(({ bad }) => bad));
      this.violations.report(
        'an end has its reason',
        `${run.runId} failed with at most ${most} failed attempts of a delivery, of ${program.retries + 1}`,
      );
    }
    const told = this.announcements.get(run.runId);
    if (program.hasFailureCallback && run.failureCallbacks === 0 && run.parent === undefined && told) {
      this.violations.report('every end is announced', `${run.runId} failed and its failure callback never came`);
    }
  }

  private judgeStep(run: RunJournal, stepId: number, step: StepJournal, program: Program): void {
    const planned = stepAt(program, stepId);
    if (!planned || step.shown === undefined) return;
    const { out } = JSON.parse(step.shown) as { readonly out?: string };
    if (planned.form === 'invoke') this.judgeInvoke(run, stepId, out);
    else if (planned.form !== 'wait' && !this.wasGiven(run, stepId, out ?? '')) {
      this.violations.report('results are those given', `step ${stepId} of ${run.runId} says ${step.shown}`);
    }
  }

  /** By the application, to this run or to the one that it resumes. */
  private wasGiven(run: RunJournal, stepId: number, out: string): boolean {
    return this.lineage(run).some(({ steps }) => steps.get(stepId)?.given.has(out));
  }

  /** The run, and those whose log its own begins with. */
  private lineage(run: RunJournal): RunJournal[] {
    const { runId, isResumed } = this.witness.predecessorOf(run.runId) ?? {};
    const from = isResumed ? this.journal.runs.get(runId ?? '') : undefined;
    return from ? [run, ...this.lineage(from)] : [run];
  }

  private judgeInvoke(run: RunJournal, stepId: number, out: string | undefined): void {
    const told = JSON.parse(out ?? '{}') as {
      readonly workflowRunId?: string;
      readonly body?: string;
      readonly isFailed?: boolean;
    };
    const child = this.journal.runs.get(told.workflowRunId ?? '');
    const isTrue =
      child !== undefined &&
      this.lineage(run).some(({ runId }) => runId === child.parent) &&
      (told.body === undefined
        ? this.witness.endOf(child.runId) !== 'RunFinished'
        : told.body === child.finishResult && told.isFailed === false);
    if (!isTrue) {
      this.violations.report(
        'results are those given',
        `step ${stepId} of ${run.runId} invoked, and was told ${out ?? ''}`,
      );
    }
  }

  private judgeCalm(run: RunJournal): void {
    for (const [messageId, { arrived }] of run.deliveries) {
      if (arrived > 1) this.violations.report('no duplicates in calm', `${messageId} was delivered ${arrived} times`);
    }
    for (const [stepId, calls] of run.calls) {
      if (calls > 1)
        this.violations.report('no duplicates in calm', `step ${stepId} of ${run.runId} called ${calls} times`);
    }
    if (this.witness.endOf(run.runId) === 'RunFailed') {
      this.violations.report('an end has its reason', `${run.runId} failed, and nothing had`);
    }
  }
}

/** Somebody was told that it was, or it acts. A child whose id was made up for nothing is neither. */
export const isBegun = (run: RunJournal): boolean => run.startAckedMs !== undefined || run.deliveries.size > 0;
