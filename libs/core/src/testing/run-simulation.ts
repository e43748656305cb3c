import { deliveryHeaders, UNKNOWN_SDK_HEADER } from '../run/dialects/upstash.headers';
import type { Delivery, Entry } from '../run/run.state';
import { hasEnded, hasResult } from '../run/run.state';
import { RunScenario } from './run-scenario';

/** What a step may be; each becomes a branch as well. */
export type StepForm = 'run' | 'sleep' | 'call' | 'wait' | 'invoke';

/** A workflow as its author sees it. Steps are numbered in order, branches of a group one after the other. */
export type Block =
  | { readonly kind: StepForm; readonly delayMs?: number }
  | { readonly kind: 'group'; readonly branches: readonly StepForm[] };

/** A wait or an invoke without a result. */
export interface OpenRequest {
  readonly kind: 'wait' | 'invoke';
  readonly messageId: string;
  readonly stepId: number;
}

const STEP_TYPES = { run: 'Run', sleep: 'SleepFor', call: 'Call', wait: 'Wait', invoke: 'Invoke' } as const;
const BRANCH_SLEEP_MS = 5_000;

/**
 * The official client against the run aggregate, without HTTP: it looks at a delivery's slice and decides by its last entry alone
 * what to submit (protocol.md 7.2, 7.7), written from the protocol and sharing nothing with `run/dialects`. Beside it whoever ends
 * waits and invokes: a mailbox, and children.
 *
 * `continuations` says, for the step number that something was planned or run after, which messages made the client go on from
 * there: more than one message for a number is a join that ran twice.
 */
export class RunSimulation {
  readonly continuations = new Map<number, Set<string>>();
  private readonly submissions: (() => unknown)[] = [];
  private readonly tells: (() => unknown)[] = [];
  private children = 0;

  constructor(
    private readonly program: readonly Block[],
    readonly scenario = new RunScenario(),
  ) {}

  get open(): readonly Delivery[] {
    return this.scenario.open();
  }

  /** Deliveries that somebody is calling now. */
  get sent(): readonly Delivery[] {
    return this.open.filter((delivery) => delivery.phase === 'sent');
  }

  /** Waits and invokes that nobody has answered; of an ended run, too. */
  get requests(): readonly OpenRequest[] {
    const { run } = this.scenario;
    const all = [
      ...[...run.waits].map(([messageId, { data }]) => ({
        kind: 'wait' as const,
        messageId,
        stepId: data.step.stepId,
      })),
      ...[...run.invokes].map(([messageId, { data }]) => ({
        kind: 'invoke' as const,
        messageId,
        stepId: data.step.stepId,
      })),
    ];
    return all.filter(({ stepId }) => !hasResult(run, stepId));
  }

  /** What the addressee of a delivery does before it answers. */
  act(delivery: Delivery): void {
    switch (delivery.kind) {
      case 'step':
        this.workOn(delivery, this.scenario.run.entries.slice(0, (delivery.entry ?? 0) + 1));
        return;
      case 'callback': {
        const step = this.scenario.run.calls.get(delivery.callMessageId ?? '')?.data.callback.step;
        if (step) this.submitResult(step.stepId, 'Call', step.concurrent);
        return;
      }
      case 'call':
      case 'failure':
        return;
    }
  }

  /** Acts, of a step delivery in the answer to it: nothing is submitted before. */
  answer(delivery: Delivery, attempt = delivery.attempt): void {
    const { messageId, kind } = delivery;
    const act = (): void => {
      this.act(delivery);
    };
    if (kind === 'step') {
      this.scenario.answer(messageId, act, { attempt });
      return;
    }
    act();
    this.scenario.report(messageId, { attempt });
  }

  /** Says again something that was submitted before, as a retried or slow attempt does. */
  repeatSubmission(choice: number): void {
    this.submissions[choice % Math.max(1, this.submissions.length)]?.();
  }

  /** The mailbox or the child of a request tells how it ended. `choice` says which way. */
  endRequest({ kind, messageId }: OpenRequest, choice = 0): void {
    const outcomes = ['succeeded', 'failed', 'cancelled'] as const;
    const tell =
      kind === 'wait'
        ? () => this.scenario.waitEnded(messageId, [`${choice}`, undefined, null][choice % 3])
        : () => this.scenario.childEnded(messageId, `${choice}`, outcomes[choice % 3]);
    this.tells.push(tell);
    tell();
  }

  /** Tells again how a wait or a child ended. */
  repeatTell(choice: number): void {
    this.tells[choice % Math.max(1, this.tells.length)]?.();
  }

  /** Travels to the time at which a waiting delivery is due, and asks for it. */
  wake(delivery: Delivery): void {
    if (typeof delivery.phase !== 'object') return;
    this.scenario.at = Math.max(this.scenario.at, delivery.phase.waitingUntil);
    this.scenario.due(delivery.messageId, delivery.attempt);
  }

  /** Everything goes well from now on, with or without submissions in answers. Returns false when the run would never end. */
  settleDown(inAnswers = false): boolean {
    for (let round = 0; round < 1_000 && !this.isOver(); round += 1) {
      for (const delivery of this.open) {
        if (typeof delivery.phase === 'object') this.wake(delivery);
        const { messageId, phase } = delivery;
        if (phase !== 'sent') continue;
        if (inAnswers) this.answer(delivery);
        else {
          this.act(delivery);
          this.scenario.report(messageId);
        }
      }
      if (hasEnded(this.scenario.run)) continue;
      for (const request of this.requests) this.endRequest(request);
    }
    return this.isOver();
  }

  private isOver(): boolean {
    return this.open.length === 0 && hasEnded(this.scenario.run);
  }

  private workOn(delivery: Delivery, slice: readonly Entry[]): void {
    const isAsked = deliveryHeaders(this.scenario.run, delivery).some(([name]) => name === UNKNOWN_SDK_HEADER);
    if (isAsked) {
      this.submit(() => this.scenario.continueStart());
      return;
    }
    const last = slice.at(-1)?.step;
    const targetStep = last?.targetStep;
    if (last && targetStep !== undefined) {
      this.runBranch(last.stepType, targetStep, last.concurrent);
      return;
    }
    const results = new Set(slice.flatMap(({ step }) => (step?.targetStep === undefined && step ? [step.stepId] : [])));
    const plans = new Set(slice.flatMap(({ step }) => step?.targetStep ?? []));
    let first = 1;
    for (const block of this.program) {
      const size = block.kind === 'group' ? block.branches.length : 1;
      const done = Array.from({ length: size }, (_, index) => first + index).filter((id) => results.has(id)).length;
      if (done < size) {
        if (block.kind === 'group' && plans.has(first)) return;
        this.continueAfter(first - 1, delivery);
        this.begin(block, first);
        return;
      }
      first += size;
    }
    this.continueAfter(first - 1, delivery);
    this.scenario.finish('"done"');
  }

  private begin(block: Block, first: number): void {
    switch (block.kind) {
      case 'run':
      case 'call':
      case 'wait':
      case 'invoke':
        this.runBranch(STEP_TYPES[block.kind], first, 1);
        return;
      case 'sleep': {
        const { delayMs = 0 } = block;
        this.submit(() => this.scenario.record(first, { stepType: 'SleepFor' }, { delayMs }));
        return;
      }
      case 'group':
        this.submit(() => this.scenario.planBranches(first, block.branches.map(planOf)));
        return;
    }
  }

  private runBranch(stepType: string, stepId: number, concurrent: number): void {
    const step = { concurrent };
    switch (stepType) {
      case 'Call':
        this.submit(() => this.scenario.call(stepId, concurrent, { settings: { retries: 1 } }));
        return;
      case 'Wait':
        this.submit(() => this.scenario.wait(stepId, { eventId: `event-${stepId % 3}`, step }));
        return;
      case 'Invoke':
        // Every attempt makes up another child.
        this.submit(() => this.scenario.invoke(stepId, { step }, `wfr_child_${++this.children}`));
        return;
      default:
        this.submitResult(stepId, stepType, concurrent);
    }
  }

  private submitResult(stepId: number, stepType: string, concurrent: number): void {
    this.submit(() => this.scenario.record(stepId, { stepType, concurrent }));
  }

  private submit(submission: () => unknown): void {
    this.submissions.push(submission);
    submission();
  }

  private continueAfter(steps: number, { messageId }: Delivery): void {
    const known = this.continuations.get(steps) ?? new Set();
    this.continuations.set(steps, known.add(messageId));
  }
}

const planOf = (branch: StepForm): { stepType: string; delayMs?: number } => ({
  stepType: STEP_TYPES[branch],
  ...(branch === 'sleep' ? { delayMs: BRANCH_SLEEP_MS } : {}),
});

/** How many steps a workflow has. */
export const stepsOf = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, each) => sum + (each.kind === 'group' ? each.branches.length : 1), 0);
