import type { Arena } from './arena';
import type { Answer } from './bare-client';
import type { ThirdParty } from './bare-endpoint';
import type { BareRun } from './bare-run';
import type { Delivery } from './delivery';
import type { StepBody, WireRequest } from './wire-requests';
import {
  calling,
  finishing,
  hooking,
  invoking,
  notifying,
  pendingStep,
  planOf,
  returning,
  runStep,
  sleeping,
  starting,
  submitting,
  waiting,
} from './wire-requests';

/** What was submitted for the run, and the answer. */
export interface Submitted {
  readonly what: 'start' | 'step' | 'request' | 'wait' | 'finish';
  readonly request: WireRequest;
  readonly answer: Answer;
}

/** 1, [2 | 3 call | 4 sleep], 5 sleep, 6 call, 7 notify, 8 webhook, 9 its wait, 10 invoke, 11 wait. */
const GROUP = [2, 3, 4];
/** The payload and step 1 before it, a plan and a result of each branch. */
const JOINED = 2 + 2 * GROUP.length;
/** The payload, 11 results, 3 plans, 2 callbacks. */
export const DELIVERIES = 17;
export const CALLS = 2;
export const LAST_STEP = 11;

/**
 * One run with a step of every kind that a client can submit (protocol.md 7, 8), sent one request at a time as the official client would.
 * Every submission is recorded with its answer. `toNotify` is called when the run waits for its last event.
 */
export class EveryKind {
  readonly run: BareRun;
  readonly child: BareRun;
  readonly thirdParty: ThirdParty;
  readonly submitted: Submitted[] = [];
  readonly eventId: string;
  private readonly hookId: string;

  constructor(
    private readonly arena: Arena,
    private readonly toNotify: (kind: EveryKind) => unknown = (kind) => kind.notify(),
    private readonly afterwards: (submitted: Submitted) => void = () => undefined,
  ) {
    this.eventId = arena.unique('event');
    this.hookId = arena.unique('hook');
    this.thirdParty = arena.thirdParty('answer');
    this.child = arena.run(async (child) => {
      await arena.send(finishing(child.id, '"child"'));
      return undefined;
    }, 'child');
    this.run = arena.run(async (_, delivery) => {
      await this.work(delivery);
      return undefined;
    });
  }

  async start(): Promise<void> {
    await this.submit('start', starting([this.run]));
  }

  notify(): Promise<Answer> {
    return this.arena.send(notifying(this.eventId, 'at last'));
  }

  /** The same invoke as the client's library says it when it says it again: with another child. */
  invokeAgain(child: BareRun): WireRequest {
    return invoking(this.run, pendingStep(10, 'Invoke'), child);
  }

  private async work(delivery: Delivery): Promise<void> {
    const { step, kind, entries, headers } = delivery;
    if (kind === 'callback') await this.returned(Number(headers['upstash-workflow-stepid']));
    else if (!step) await this.result(runStep(1, '"one"'));
    else if (step.targetStep !== undefined) await this.branch(step.targetStep);
    else if (!GROUP.includes(step.stepId)) await this.after(step.stepId);
    else if (entries.filter(({ callType }) => callType === 'step').length === JOINED) await this.after(4);
  }

  private async branch(stepId: number): Promise<void> {
    if (stepId === 3) await this.call(pendingStep(3, 'Call', GROUP.length));
    else await this.result({ ...runStep(stepId, '"b"', GROUP.length), stepType: stepId === 4 ? 'SleepFor' : 'Run' });
  }

  private async after(stepId: number): Promise<void> {
    const { run, hookId, eventId, arena } = this;
    switch (stepId) {
      case 1:
        await this.submit('step', this.plans());
        return;
      case 4:
        await this.submit('step', sleeping(run, 5, '1s'));
        return;
      case 5:
        await this.call(pendingStep(6, 'Call'));
        return;
      case 6:
        await arena.send(notifying(arena.unique('nobody'), 'is there anybody?'));
        await this.result({ ...runStep(7, '{"notifyResponse":[]}'), stepType: 'Notify' });
        return;
      case 7:
        await this.result({ ...runStep(8, JSON.stringify({ eventId: hookId })), stepType: 'CreateWebhook' });
        return;
      case 8:
        await this.submit('wait', waiting(run, hookId, pendingStep(9, 'WaitForWebhook')));
        await arena.send(hooking(run.id, hookId, 'called'));
        return;
      case 9:
        await this.submit('request', invoking(run, pendingStep(10, 'Invoke'), this.child));
        return;
      case 10:
        await this.submit('wait', waiting(run, eventId, pendingStep(LAST_STEP, 'Wait')));
        this.toNotify(this);
        return;
      case LAST_STEP:
        await this.submit('finish', finishing(run.id, '"all kinds"'));
        return;
    }
  }

  private plans(): WireRequest {
    const plans = GROUP.map((stepId) => planOf(stepId, GROUP.length, { 3: 'Call', 4: 'SleepFor' }[stepId] ?? 'Run'));
    return submitting(this.run, plans);
  }

  private result(step: StepBody): Promise<void> {
    return this.submit('step', submitting(this.run, [step]));
  }

  private call(step: StepBody): Promise<void> {
    return this.submit('request', calling(this.run, step, this.thirdParty.url, 'question'));
  }

  private returned(stepId: number): Promise<void> {
    const step = { ...runStep(stepId, '"c"', stepId === 3 ? GROUP.length : 1), stepType: 'Call' };
    return this.submit('step', returning(this.run, step));
  }

  private async submit(what: Submitted['what'], request: WireRequest): Promise<void> {
    const answer = await this.arena.send(request);
    expect([what, Math.floor(answer.status / 100)]).toEqual([what, 2]);
    const submitted = { what, request, answer };
    this.submitted.push(submitted);
    this.afterwards(submitted);
  }
}
