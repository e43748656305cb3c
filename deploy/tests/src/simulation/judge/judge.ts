import type { ExplainRunAnswer, WaitingFor } from '@stepwell/core';
import type { Program, StepForm } from '../app/program';
import { stepAt } from '../app/program';
import type { AcceptedItem, DeliveredStep } from './evidence';
import type { Journal, RunJournal } from './journal';
import { deliveryOf, stepOf } from './journal';
import type { LogWitness } from './log-witness';
import type { Violations } from './violations';
import type { SimulatedProcess } from '../world/simulated-process';
import { EPOCH_MS } from '../world/simulated-process';

/**
 * How long after the fact a caller may still begin a request that it doesn't know to be over: what is fresh isn't asked about (5 s, H2),
 * and from the answer to that question to the request there may be another question (10 s).
 */
const UNKNOWING_MS = 20_000;
/** Processes carry the store's time up to so much behind. */
export const LAG_MS = 100;

const FORM_OF_REASON: Readonly<Partial<Record<WaitingFor, StepForm>>> = {
  sleep: 'sleep',
  event: 'wait',
  call: 'call',
  child: 'invoke',
};

/** A request as its caller began it. */
export interface Begun {
  readonly caller: SimulatedProcess;
  readonly atMs: number;
}

/** Judges what happens when it happens, by the journal alone. */
export class Judge {
  constructor(
    private readonly journal: Journal,
    private readonly witness: LogWitness,
    private readonly violations: Violations,
    private readonly nowMs: () => number,
  ) {}

  /** An answer to a submission: each message is in the log by now. */
  accepted(items: readonly AcceptedItem[]): void {
    for (const { messageId, workflowRunId } of items) {
      if (!this.witness.knows(messageId)) {
        this.violations.report('an answer is durable', `${messageId} of ${workflowRunId} is in no log`);
      }
    }
  }

  ended(runId: string, what: string): void {
    if (!this.witness.hasEnded(runId)) {
      this.violations.report('an answer is durable', `${what} of ${runId} is answered and in no log`);
    }
  }

  /** Somebody was told that this run has ended or never was. */
  refused(run: RunJournal, askedMs: number, text: string): void {
    const wasThere = run.startAckedMs !== undefined && run.startAckedMs <= askedMs;
    if (wasThere && !this.witness.hasEnded(run.runId)) {
      this.violations.report('a refusal is true', `${run.runId} lives and was refused: ${text}`);
    }
  }

  isOver(runId: string): boolean {
    return this.witness.hasEnded(runId);
  }

  /** A run takes over from one that failed. */
  succeeded(runId: string, successor: string): void {
    if (!this.witness.hasBegun(successor)) {
      this.violations.report('an answer is durable', `${successor}, which takes over from ${runId}, is in no log`);
    }
  }

  /** The failed run that it takes over from. */
  predecessorOf(runId: string): RunJournal | undefined {
    return this.journal.runs.get(this.witness.predecessorOf(runId)?.runId ?? '');
  }

  /** What somebody was told who asked why it isn't moving. */
  explained(run: RunJournal, program: Program, { status, reason }: ExplainRunAnswer): void {
    const { runId } = run;
    if (status !== 'running') return;
    const complain = (text: string): void => {
      this.violations.report('a run says why it waits', `${runId} ${text}`);
    };
    if (!reason) {
      complain('lives and does not say what it waits for');
      return;
    }
    const { step, waitingFor, until } = reason;
    const planned = step && stepAt(program, step.id);
    const form = FORM_OF_REASON[waitingFor];
    if (form === undefined) return;
    if (planned?.form !== form) complain(`says ${waitingFor} of step ${step?.id ?? '?'}: ${planned?.form ?? 'none'}`);
    const journal = step && run.steps.get(step.id);
    const sinceMs = journal?.planSentMs ?? journal?.firstSentMs ?? journal?.requestSentMs;
    const lasts = planned && { sleep: planned.delayMs, wait: planned.timeoutMs }[form as 'sleep' | 'wait'];
    if (lasts === undefined || sinceMs === undefined) return;
    const leastMs = EPOCH_MS + sinceMs + lasts - LAG_MS;
    if (until === undefined || until < leastMs) complain(`says ${waitingFor} until ${until ?? 'ever'}: ${leastMs}`);
  }

  readOldState(runId: string): void {
    this.violations.report('a read is of now', `${runId} had ended, and was shown running`);
  }

  /** A delivery arrives: what it shows, and when its caller began. */
  delivered(
    run: RunJournal,
    messageId: string,
    retried: number,
    retries: number,
    steps: readonly DeliveredStep[],
  ): void {
    const delivery = deliveryOf(run, messageId);
    delivery.arrived += 1;
    delivery.highestRetried = Math.max(delivery.highestRetried, retried);
    if (retried > retries) {
      this.violations.report('attempts are limited', `${messageId} comes as retry ${retried} of ${retries}`);
    }
    for (const shown of steps) if (shown.targetStep === undefined) this.shown(run, shown);
    this.noteOver(run, steps);
  }

  /** A sequential step's delivery is over when the list goes on after it, a plan's when its step has a result. */
  private noteOver(run: RunJournal, steps: readonly DeliveredStep[]): void {
    const results = new Set(steps.flatMap((each) => (each.targetStep === undefined ? [each.stepId] : [])));
    for (const [index, { messageId, targetStep, concurrent }] of steps.entries()) {
      const isOver = targetStep === undefined ? concurrent === 1 && index < steps.length - 1 : results.has(targetStep);
      if (isOver) deliveryOf(run, messageId).overMs ??= this.nowMs();
    }
  }

  /** A process queues a delivery, as the owner of the run's partition. */
  queues(runId: string, messageId: string, partition: number, process: SimulatedProcess): void {
    const overMs = this.journal.runs.get(runId)?.deliveries.get(messageId)?.overMs;
    if (overMs === undefined || this.witness.ownerOf(partition) !== process) return;
    const lateMs = Math.round(this.nowMs() - overMs);
    this.violations.report('no delivery is made again', `${messageId} is queued ${lateMs} ms after what followed it`);
  }

  private shown(run: RunJournal, { stepId, outcome }: DeliveredStep): void {
    const step = stepOf(run, stepId);
    step.durableMs ??= this.nowMs();
    if (step.shown === undefined) step.shown = outcome;
    else if (step.shown !== outcome) {
      this.violations.report(
        'results are those given',
        `step ${stepId} of ${run.runId} was ${step.shown} and is ${outcome}`,
      );
    }
  }

  /** The application does this step now, because of a request that was begun then. */
  does(run: RunJournal, stepId: number, begun: Begun): void {
    const { durableMs } = stepOf(run, stepId);
    if (durableMs !== undefined && this.isTooLate(begun, durableMs)) {
      const lateMs = Math.round(begun.atMs - durableMs);
      this.violations.report('no step is done again', `step ${stepId} of ${run.runId}, ${lateMs} ms after its result`);
    }
  }

  begins(run: RunJournal, what: string, begun: Begun): void {
    if (run.cancelAckedMs !== undefined && this.isTooLate(begun, run.cancelAckedMs)) {
      const lateMs = Math.round(begun.atMs - run.cancelAckedMs);
      this.violations.report('a cancelled run is quiet', `${what} of ${run.runId}, ${lateMs} ms after the answer`);
    }
  }

  /** What a frozen caller decided before, it does when it goes on. */
  private isTooLate({ caller, atMs }: Begun, knownMs: number): boolean {
    return atMs > knownMs + UNKNOWING_MS && caller.thawedAtMs < atMs - UNKNOWING_MS;
  }

  /** A sleep or a wait is said to be over. */
  awake(run: RunJournal, stepId: number, sinceMs: number | undefined, durationMs: number): void {
    if (sinceMs === undefined) return;
    const earlyMs = sinceMs + durationMs - LAG_MS - this.nowMs();
    if (earlyMs > 0) {
      this.violations.report('no sleep ends early', `step ${stepId} of ${run.runId}, ${Math.round(earlyMs)} ms early`);
    }
  }

  run(runId: string): RunJournal | undefined {
    return this.journal.runs.get(runId);
  }
}
