import type { ReceivedItem } from '@stepwell/core';
import type { GatewayDesks, ItemOutcome } from '@stepwell/gateway/testing';
import type { OutboundRequest } from '@stepwell/http-caller/testing';
import { Problem } from '@stepwell/platform';
import type { Begun, Judge } from '../judge/judge';
import type { Journal, RunJournal } from '../judge/journal';
import { deliveryOf, stepOf } from '../judge/journal';
import type { World } from '../world/world';
import { callItem, invokeItem, planItem, resultItem, type StepPosition, waitRequest } from './client-requests';
import { type Delivery, readDelivery } from './delivery';
import { type Gateways, type Reply, replyOf } from './gateways';
import type { Notifier } from './notifier';
import { type Block, type Program, stepAt, type Step } from './program';

export interface AppAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const OK: AppAnswer = answer(200, '{}');
export const FAILED: AppAnswer = answer(500, '{"error":"the application failed"}');
export const REFUSED: AppAnswer = {
  ...answer(489, '{"error":"never again"}'),
  headers: [...answer(489, '').headers, ['upstash-nonretryable-error', 'true']],
};

const withSteps = (steps: { readonly submissions?: readonly ReceivedItem[]; readonly finish?: object }): AppAnswer => {
  const { headers, ...ok } = answer(200, JSON.stringify(steps));
  return { ...ok, headers: [...headers, ['stepwell-steps', 'inline']] };
};

function answer(status: number, body: string): AppAnswer {
  const sdk = [
    ['upstash-workflow-sdk-version', '1'],
    ['upstash-workflow-sdk', 'v1.3.2'],
  ] as const;
  return { status, headers: [...sdk, ['content-type', 'application/json']], body };
}

/**
 * The users' application with the official client in it: looks at the list that a delivery carries, and decides by its last entry alone
 * what to do and to submit (protocol.md 7.2, 7.7). Written from the protocol, and remembers nothing: what it knows, it was delivered.
 */
export class WorkflowApp {
  private outs = 0;

  constructor(
    private readonly world: World,
    private readonly programs: readonly Program[],
    private readonly gateways: Gateways,
    private readonly journal: Journal,
    private readonly judge: Judge,
    private readonly notifier: Notifier,
    /** Half of what may be submitted in answers is. */
    private readonly answersSteps = false,
  ) {}

  read(request: OutboundRequest): Delivery {
    return readDelivery(request);
  }

  /** What the judge has to know of a request that has arrived. */
  arrived(delivery: Delivery, begun: Begun): void {
    const run = this.runOf(delivery);
    const { messageId, retried, entries } = delivery;
    const program = this.programs[run.program];
    if (delivery.kind === 'failure') {
      run.failureCallbacks += 1;
      return;
    }
    this.judge.begins(run, `delivery of ${messageId}`, begun);
    this.judge.delivered(run, messageId, retried, program?.retries ?? 0, entries);
    this.judgeAwake(run, delivery);
  }

  /** Acts, then answers as the client does. */
  async work(delivery: Delivery, begun: Begun): Promise<AppAnswer> {
    const run = this.runOf(delivery);
    switch (delivery.kind) {
      case 'failure':
        return OK;
      case 'callback': {
        const { stepId, concurrent, status, body } = delivery.called!;
        const step = stepAt(this.programs[run.program]!, stepId);
        if (!step) return FAILED;
        this.judge.does(run, stepId, begun);
        const position = { runId: run.runId, stepId, concurrent };
        return this.submitResult(run, position, step, { status, body }, { ...begun, inAnswer: false });
      }
      case 'step': {
        const inAnswer = this.answersSteps && delivery.takesSteps && this.world.chance.happens(0.5);
        if (inAnswer) this.world.tally.count('answers with steps');
        return this.workOn(run, delivery, { ...begun, inAnswer });
      }
    }
  }

  private runOf({ runId, program }: Delivery): RunJournal {
    const known = this.journal.runs.get(runId);
    if (known) return known;
    // Whoever let it take over may not have been told its name.
    const its = this.judge.predecessorOf(runId)?.program ?? program;
    return this.journal.begin(runId, its, this.world.time.nowMs);
  }

  /** A list that ends in a sleep's result, or in its plan, comes when that is over; one that says a wait timed out, too. */
  private judgeAwake(run: RunJournal, { entries }: Delivery): void {
    const program = this.programs[run.program]!;
    const last = entries.at(-1);
    if (!last) return;
    const stepId = last.targetStep ?? last.stepId;
    const step = stepAt(program, stepId);
    if (!step) return;
    const { planSentMs, firstSentMs, requestSentMs } = stepOf(run, stepId);
    if (step.form === 'sleep' && last.targetStep !== undefined) {
      this.judge.awake(run, stepId, planSentMs, step.delayMs);
    } else if (step.form === 'sleep' && last.concurrent === 1) {
      this.judge.awake(run, stepId, firstSentMs, step.delayMs);
    } else if (step.form === 'wait' && last.isTimeout) {
      this.judge.awake(run, stepId, requestSentMs, step.timeoutMs);
    }
  }

  private async workOn(run: RunJournal, { entries }: Delivery, begun: Working): Promise<AppAnswer> {
    const program = this.programs[run.program]!;
    const last = entries.at(-1);
    if (last?.targetStep !== undefined) {
      const position = { runId: run.runId, stepId: last.targetStep, concurrent: last.concurrent };
      return this.runStep(run, position, stepAt(program, last.targetStep)!, begun);
    }
    const results = new Set(entries.flatMap((each) => (each.targetStep === undefined ? [each.stepId] : [])));
    const plans = new Set(entries.flatMap(({ targetStep }) => targetStep ?? []));
    let first = 1;
    for (const block of program.blocks) {
      const done = block.filter((_, index) => results.has(first + index)).length;
      if (done < block.length) {
        // The last one of the group goes on.
        if (block.length > 1 && plans.has(first)) return OK;
        return this.begin(run, block, first, begun);
      }
      first += block.length;
    }
    return this.finish(run, begun);
  }

  private begin(run: RunJournal, block: Block, first: number, begun: Working): Promise<AppAnswer> {
    const [only] = block;
    const { runId } = run;
    if (block.length === 1 && only) return this.runStep(run, { runId, stepId: first, concurrent: 1 }, only, begun);
    const items = block.map((step, index) => {
      const position = { runId, stepId: first + index, concurrent: block.length };
      stepOf(run, position.stepId).planSentMs ??= this.world.time.nowMs;
      return planItem(position, step);
    });
    return this.submitItems(run, items, begun);
  }

  private async runStep(run: RunJournal, position: StepPosition, step: Step, begun: Working): Promise<AppAnswer> {
    const { stepId } = position;
    this.judge.does(run, stepId, begun);
    const { nowMs } = this.world.time;
    const journal = stepOf(run, stepId);
    switch (step.form) {
      case 'run':
        return this.submitResult(run, position, step, { made: (this.outs += 1), of: run.runId, stepId }, begun);
      case 'sleep':
        return this.submitResult(run, position, step, undefined, begun);
      case 'notify': {
        const notified = await this.notifier.notify(step.eventId);
        if (notified.kind !== 'answered') return failureOf(notified);
        return this.submitResult(run, position, step, { notified: notified.value }, begun);
      }
      case 'call':
        return this.submitItems(run, [callItem(position, step)], begun);
      case 'wait': {
        journal.requestSentMs ??= nowMs;
        const wait = waitRequest(position, step);
        const acked = (messageId: string): void => {
          journal.requestId ??= messageId;
          journal.requestAckedMs ??= this.world.time.nowMs;
        };
        return this.submit(run, async (desks, hangUp) => [await desks.submissions.wait(wait, '', hangUp)], acked);
      }
      case 'invoke': {
        const childId = `wfr_${this.world.chance.id()}`;
        this.journal.begin(childId, step.child, nowMs, run.runId);
        return this.submitItems(run, [invokeItem(position, step, childId, this.programs[step.child]!)], begun);
      }
    }
  }

  private submitResult(
    run: RunJournal,
    position: StepPosition,
    step: Step,
    out: unknown,
    begun: Working,
  ): Promise<AppAnswer> {
    const journal = stepOf(run, position.stepId);
    journal.firstSentMs ??= this.world.time.nowMs;
    journal.given.add(out === undefined ? '' : JSON.stringify(out));
    const acked = (): void => {
      journal.durableMs ??= this.world.time.nowMs;
    };
    return this.submitItems(run, [resultItem(position, step, out)], begun, acked);
  }

  /** In the answer nobody says whether it was taken. */
  private submitItems(
    run: RunJournal,
    items: readonly ReceivedItem[],
    { inAnswer }: Working,
    onAccepted?: (messageId: string) => void,
  ): Promise<AppAnswer> {
    if (inAnswer) return Promise.resolve(withSteps({ submissions: items }));
    return this.submit(run, (desks, hangUp) => desks.submissions.submit(items, '', hangUp), onAccepted);
  }

  private async submit(
    run: RunJournal,
    ask: SubmissionAsk,
    onAccepted: (messageId: string) => void = () => undefined,
  ): Promise<AppAnswer> {
    const askedMs = this.world.time.nowMs;
    const reply = await this.gateways.request(ask);
    if (reply.kind !== 'answered') return this.judged(run, askedMs, reply);
    for (const item of reply.value) {
      if (item instanceof Problem) return this.judged(run, askedMs, replyOf(item));
      this.judge.accepted([item]);
      onAccepted(item.messageId);
    }
    return OK;
  }

  private judged(run: RunJournal, askedMs: number, reply: Exclude<Reply<never>, { kind: 'answered' }>): AppAnswer {
    if (reply.kind === 'problem' && isEnd(reply)) {
      this.judge.refused(run, askedMs, `${reply.code}: ${reply.text}`);
      // The client takes the run for ended, and says no more.
      return OK;
    }
    return failureOf(reply);
  }

  private async finish(run: RunJournal, { inAnswer }: Working): Promise<AppAnswer> {
    const result = JSON.stringify({ done: run.runId });
    run.finishSentMs ??= this.world.time.nowMs;
    run.finishResult = result;
    if (inAnswer) return withSteps({ finish: { body: result } });
    const bytes = Buffer.from(result);
    const reply = await this.gateways.request((desks, hangUp) => desks.runs.finish(run.runId, bytes, hangUp));
    if (reply.kind !== 'answered') return failureOf(reply);
    this.judge.ended(run.runId, 'the finish');
    return OK;
  }

  /** Known to the application: this attempt failed, and not because of us. */
  failed(delivery: Delivery, isForGood: boolean): void {
    const journal = deliveryOf(this.runOf(delivery), delivery.messageId);
    journal.bad += 1;
    journal.wasRefused ||= isForGood;
  }
}

interface Working extends Begun {
  /** What is submitted is submitted in the answer. */
  readonly inAnswer: boolean;
}

type SubmissionAsk = (desks: GatewayDesks, hangUp: AbortSignal) => Promise<readonly ItemOutcome[]>;

const isEnd = ({ code }: { readonly code: string }): boolean => code === 'RUN_ENDED' || code === 'UNKNOWN_RUN';

/** B4: the client hands our own code on, in its own 500. */
function failureOf(reply: Exclude<Reply<never>, { kind: 'answered' }>): AppAnswer {
  if (reply.kind === 'broken') return answer(500, JSON.stringify({ error: 'FetchError', message: 'fetch failed' }));
  const text = JSON.stringify({ error: reply.text, code: reply.code });
  return answer(500, JSON.stringify({ error: 'QstashError', message: `Error submitting steps: ${text}` }));
}
