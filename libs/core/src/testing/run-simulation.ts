import type { Delivery, Entry } from '../run/run.state';
import { RunScenario } from './run-scenario';

/** A workflow as its author sees it. Steps are numbered in order, branches of a group one after the other. */
export type Block =
  | { readonly kind: 'run' }
  | { readonly kind: 'sleep'; readonly delayMs: number }
  | { readonly kind: 'call' }
  | { readonly kind: 'group'; readonly branches: readonly ('run' | 'sleep' | 'call')[] };

/**
 * The official client against the run aggregate, without HTTP: it looks at a delivery's slice and decides by its last entry alone
 * what to submit (protocol.md 7.2, 7.7), written from the protocol and sharing nothing with `run/dialects`.
 *
 * `continuations` says, for the step number that something was planned or run after, which messages made the client go on from
 * there: more than one message for a number is a join that ran twice.
 */
export class RunSimulation {
  readonly scenario = new RunScenario();
  readonly continuations = new Map<number, Set<string>>();
  private readonly submissions: (() => unknown)[] = [];

  constructor(private readonly program: readonly Block[]) {}

  get open(): readonly Delivery[] {
    return this.scenario.open();
  }

  /** Deliveries that somebody is calling now. */
  get sent(): readonly Delivery[] {
    return this.open.filter((delivery) => delivery.phase === 'sent');
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

  /** Says again something that was submitted before, as a retried or slow attempt does. */
  repeatSubmission(choice: number): void {
    this.submissions[choice % Math.max(1, this.submissions.length)]?.();
  }

  /** Travels to the time at which a waiting delivery is due, and asks for it. */
  wake(delivery: Delivery): void {
    if (typeof delivery.phase !== 'object') return;
    this.scenario.at = Math.max(this.scenario.at, delivery.phase.waitingUntil);
    this.scenario.due(delivery.messageId, delivery.attempt);
  }

  /** Everything goes well from now on. Returns false when the run would never end. */
  settleDown(): boolean {
    for (let round = 0; round < 1_000 && this.open.length > 0; round += 1) {
      for (const delivery of this.open) {
        if (typeof delivery.phase === 'object') this.wake(delivery);
        const { messageId, phase } = delivery;
        if (phase !== 'sent') continue;
        this.act(delivery);
        this.scenario.report(messageId);
      }
    }
    return this.open.length === 0;
  }

  private workOn(delivery: Delivery, slice: readonly Entry[]): void {
    const last = slice.at(-1)?.step;
    const targetStep = last?.targetStep;
    if (last && targetStep !== undefined) {
      if (last.stepType === 'Call') this.submitCall(targetStep, last.concurrent);
      else this.submitResult(targetStep, last.stepType, last.concurrent);
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
        this.submitResult(first, 'Run', 1);
        return;
      case 'sleep':
        this.submit(() => this.scenario.record(first, { stepType: 'SleepFor' }, { delayMs: block.delayMs }));
        return;
      case 'call':
        this.submitCall(first, 1);
        return;
      case 'group':
        this.submit(() => this.scenario.planBranches(first, block.branches.map(planOf)));
        return;
    }
  }

  private submitResult(stepId: number, stepType: string, concurrent: number): void {
    this.submit(() => this.scenario.record(stepId, { stepType, concurrent }));
  }

  private submitCall(stepId: number, concurrent: number): void {
    this.submit(() => this.scenario.call(stepId, concurrent, { settings: { retries: 1 } }));
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

function planOf(branch: 'run' | 'sleep' | 'call'): { stepType: string; delayMs?: number } {
  switch (branch) {
    case 'run':
      return { stepType: 'Run' };
    case 'sleep':
      return { stepType: 'SleepFor', delayMs: 5_000 };
    case 'call':
      return { stepType: 'Call' };
  }
}
