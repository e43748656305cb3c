import type { Done, RunTell, SubmitAnswer } from '../messages/catalogue';
import { runStream } from '../messages/partition';
import type { AttemptReport } from '../run/attempt.decider';
import { attemptDue, reportAttempt } from '../run/attempt.decider';
import { copyPart } from '../run/copy.decider';
import { cancelFailureCallback, deleteDeadLetter, requestFailureCallback, takeOver } from '../run/dead-letter.decider';
import type { CommandContext, Decision, NewBody } from '../run/decision';
import { already } from '../run/decision';
import type { Changes } from '../run/effects';
import { cancel, cancelMessage, finish, openMailbox } from '../run/end.decider';
import type { RunEvent, TakeOver, TakeOverOverrides } from '../run/run.events';
import { evolve } from '../run/run.evolver';
import type { Delivery, Obligation, RunState } from '../run/run.state';
import { tellKey } from '../run/run.state';
import type { SubmitCommand } from '../run/submit.command';
import { submit } from '../run/submit.decider';
import { resultBody, told } from '../run/told.decider';
import { withBodiesFrom } from '../wire/parsed-submission';
import type {
  CallSubmission,
  InvokeSubmission,
  StartSubmission,
  StepHead,
  StepSubmission,
  Submission,
  TriggerConfig,
  WaitSubmission,
} from '../wire/submission';

/** The message ids that a submission was answered with, in its order; none for a refusal. */
export const messageIds = (decision: Decision<SubmitAnswer>): string[] =>
  'accepted' in decision ? decision.answer.items.map((item) => item.messageId) : [];

const NO_CONFIG: TriggerConfig = { forwards: [], labels: [] };
const FEATURES = ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'];
const utf8 = new TextEncoder();

/** A request of a step, as far as it isn't the usual one; `fields` are more of its JSON. */
type Requested<Item> = Partial<Omit<Item, 'step'>> & { readonly step?: Partial<StepHead>; readonly fields?: object };

type WithoutRun<Tell> = Tell extends RunTell ? Omit<Tell, 'runId'> : never;

/**
 * Given, when, then for the run aggregate (habit 2): holds the folded state, decides commands at a time of its own and folds what
 * was accepted. `history` is what a log would hold.
 */
export class RunScenario {
  state: RunState | undefined;
  readonly history: { version: number; at: number; events: readonly RunEvent[] }[] = [];
  lastChanges: Changes = { owed: [], settled: [] };
  /** What a relay would hold that knows the changes alone: emitted minus settled. */
  readonly unsettled = new Map<string, Obligation>();
  private messages = 0;
  /** While an answer is put together: nothing is decided yet. */
  private gathered: { items: Submission[]; bodies: NewBody[]; finish?: { result?: number } } | undefined;

  constructor(
    readonly runId = 'wfr_1',
    public at = 1_000_000,
    private readonly messageIdOf = (n: number): string => `msg_${n}`,
  ) {}

  get run(): RunState {
    if (!this.state) throw new Error('the run was not started');
    return this.state;
  }

  start(
    config: Partial<TriggerConfig> = {},
    more: Partial<StartSubmission> = {},
    askId = 'ask-1',
    by: Pick<SubmitCommand, 'invoker' | 'successorOf'> = {},
  ) {
    const item: StartSubmission = {
      ...this.base(),
      kind: 'start',
      config: { ...NO_CONFIG, ...config },
      callerIp: '',
      ...more,
    };
    return this.submit([item], [utf8.encode('{"hello":"world"}')], askId, by);
  }

  /** The library continues a start that it was asked about (5.5). */
  continueStart(more: Partial<StartSubmission> = {}, askId = 'ask-sdk') {
    return this.start({}, { bySdk: true, ...more }, askId);
  }

  submit(
    items: readonly Submission[],
    bodies: readonly NewBody[],
    askId = 'ask-n',
    by: Pick<SubmitCommand, 'invoker' | 'successorOf'> = {},
  ): Decision<SubmitAnswer> {
    if (this.gathered) {
      const { bodies: before } = this.gathered;
      this.gathered.items.push(...items.map((item) => withBodiesFrom(item, before.length)));
      before.push(...bodies);
      return already({ runCreatedAt: 0, items: [] });
    }
    return this.decide((context) => submit(this.state, { runId: this.runId, askId, items, bodies, ...by }, context));
  }

  /** A sequential or planned step's result. */
  record(stepId: number, more: Partial<StepHead> = {}, submission: Partial<StepSubmission> = {}) {
    return this.submitSteps(
      [{ stepId, stepName: `step ${stepId}`, stepType: 'Run', concurrent: 1, ...more }],
      [submission],
    );
  }

  /** One batch of plans for `size` parallel steps from `first` on. */
  plan(first: number, size: number, stepType = 'Run') {
    return this.planBranches(
      first,
      Array.from({ length: size }, () => ({ stepType })),
    );
  }

  /** One batch of plans, each of its own kind and delay. */
  planBranches(first: number, branches: readonly { readonly stepType: string; readonly delayMs?: number }[]) {
    return this.submitSteps(
      branches.map(({ stepType }, index) => ({
        stepId: 0,
        stepName: `step ${first + index}`,
        stepType,
        concurrent: branches.length,
        targetStep: first + index,
      })),
      branches.map(({ delayMs }) => (delayMs === undefined ? {} : { delayMs })),
    );
  }

  call(stepId: number, concurrent = 1, more: Partial<CallSubmission> = {}) {
    const item: CallSubmission = {
      ...this.base(),
      kind: 'call',
      destination: 'http://third.party/',
      settings: { retries: 0 },
      callback: {
        url: 'http://app/api',
        forwards: [['upstash-workflow-callback', 'true']],
        stepId,
        stepName: `step ${stepId}`,
        stepType: 'Call',
        concurrent,
        settings: {},
      },
      ...more,
    };
    return this.submit([item], [utf8.encode('request body')]);
  }

  wait(stepId: number, more: Requested<WaitSubmission> = {}) {
    const { fields, ...rest } = more;
    const step = this.stepOf(stepId, 'Wait', more.step);
    const item: WaitSubmission = {
      ...this.base(),
      kind: 'wait',
      config: NO_CONFIG,
      eventId: 'event',
      timeoutMs: 60_000,
      ...rest,
      step,
    };
    return this.submit([item], [utf8.encode(JSON.stringify({ ...step, ...fields }))]);
  }

  invoke(stepId: number, more: Requested<InvokeSubmission> = {}, childId = `wfr_child_${stepId}`) {
    const { fields, ...rest } = more;
    const step = this.stepOf(stepId, 'Invoke', more.step);
    const item: InvokeSubmission = {
      ...this.base(),
      kind: 'invoke',
      config: NO_CONFIG,
      child: {
        ...this.base(),
        messageId: `msg_child.${childId}`,
        destination: 'http://app/child',
        workflowUrl: 'http://app/child',
        runId: childId,
        config: { ...NO_CONFIG, forwards: [['x-child', '1']] },
        callerIp: '',
        body: 1,
      },
      ...rest,
      step,
    };
    return this.submit([item], [utf8.encode(JSON.stringify({ ...step, ...fields })), utf8.encode('{"child":true}')]);
  }

  /** Told as the host does it: the body first. `body` is what index 0 of the tell's bodies means. */
  told(tell: WithoutRun<RunTell>, body?: string | Uint8Array) {
    const bytes = typeof body === 'string' ? utf8.encode(body) : body;
    const said: RunTell = { ...tell, runId: this.runId };
    const result = resultBody(this.state, said, bytes ? [bytes] : []);
    return this.decide(() => told(this.state, said, result));
  }

  /** A notice for a wait, or with `body` null that none came. */
  waitEnded(messageId: string, body?: string | Uint8Array | null, eventId = 'event') {
    const outcome =
      body === null
        ? { kind: 'timeout' as const }
        : { kind: 'event' as const, ...(body === undefined ? {} : { body: 0 }) };
    return this.told({ kind: 'wait-ended', messageId, eventId, outcome }, body ?? undefined);
  }

  childEnded(
    messageId: string,
    result?: string | Uint8Array,
    outcome: 'succeeded' | 'failed' | 'cancelled' = 'succeeded',
    childRunId = 'wfr_child',
  ) {
    const body = result === undefined ? {} : { result: 0 };
    return this.told({ kind: 'child-ended', messageId, childRunId, outcome, ...body }, result);
  }

  openMailbox(eventId: string) {
    return this.decide(() => openMailbox(this.state, this.runId, eventId));
  }

  cancelMessage(messageId: string) {
    return this.decide(() => cancelMessage(this.state, messageId));
  }

  deleteDeadLetter(askId = 'ask-delete', dlqId = this.run.failure?.data.dlqId ?? '') {
    return this.decide(() => deleteDeadLetter(this.state, { dlqId, askId }));
  }

  takeOver(
    how: TakeOver,
    overrides: TakeOverOverrides = {},
    { askId = 'ask-over', successor = `${this.runId}_next`, dlqId = this.run.failure?.data.dlqId ?? '' } = {},
  ) {
    const command = { how, overrides, askId, successor, dlqId };
    return this.decide((context) => takeOver(this.state, command, context));
  }

  requestFailureCallback(askId = 'ask-callback', dlqId = this.run.failure?.data.dlqId ?? '') {
    return this.decide((context) => requestFailureCallback(this.state, { dlqId, askId }, context));
  }

  cancelFailureCallback(askId = 'ask-off', dlqId = this.run.failure?.data.dlqId ?? '') {
    return this.decide(() => cancelFailureCallback(this.state, { dlqId, askId }));
  }

  copyPart(part: number, from: string, events: readonly RunEvent[]) {
    return this.decide(() => copyPart(this.state, { part, from, events }));
  }

  finish(result?: string): Decision<Done> {
    if (this.gathered) {
      const { bodies } = this.gathered;
      this.gathered.finish = result === undefined ? {} : { result: bodies.push(utf8.encode(result)) - 1 };
      return already({});
    }
    return this.decide(() => finish(this.state, result === undefined ? undefined : utf8.encode(result)));
  }

  cancel() {
    return this.decide(() => cancel(this.state, this.runId));
  }

  /** Reports the running attempt of a message. */
  report(messageId: string, outcome: Partial<AttemptReport> = {}) {
    const attempt = outcome.attempt ?? this.run.deliveries.get(messageId)?.attempt ?? 0;
    const report: AttemptReport = {
      messageId,
      attempt,
      headers: [
        ['upstash-workflow-sdk-version', '1'],
        ['upstash-workflow-sdk', 'v1.3.2'],
      ],
      ...(outcome.error ? {} : { status: 200 }),
      ...outcome,
    };
    const decision = this.decide((context) => reportAttempt(this.state, report, context));
    if ('succeeded' in decision) for (const id of decision.succeeded ?? []) this.noteSuccess(id);
    return decision;
  }

  /** The running attempt of a message, or another one, is answered with what its endpoint does there instead of submitting it. */
  answer(messageId: string, act: () => unknown, outcome: Partial<AttemptReport> = {}) {
    const steps = (this.gathered = { items: [], bodies: [] });
    act();
    this.gathered = undefined;
    return this.report(messageId, { ...outcome, steps });
  }

  due(messageId: string, attempt: number) {
    return this.decide((context) => attemptDue(this.state, { messageId, attempt }, context));
  }

  /** Message ids of what is owed now, by type. */
  owed(type: Obligation['type']): string[] {
    return [...this.run.owed.values()].flatMap((each) =>
      each.type === type && 'messageId' in each ? [each.messageId] : [],
    );
  }

  /** What is to be told to other streams now, as answers wait for it. */
  tells(): string[] {
    return [...this.run.owed.values()].flatMap((each) => (each.type === 'TellStream' ? [tellKey(each.tell)] : []));
  }

  open(): Delivery[] {
    return [...this.run.deliveries.values()];
  }

  /** The whole history folded anew, as it would be read back from a store: the data as JSON. */
  refolded(): RunState | undefined {
    let state: RunState | undefined;
    for (const { version, at, events } of this.history) {
      const read = events.map(
        (event) => ({ ...event, data: JSON.parse(JSON.stringify(event.data)) as unknown }) as RunEvent,
      );
      state = evolve(state, { stream: runStream(this.runId), version, at, events: read }).state;
    }
    return state;
  }

  private submitSteps(steps: readonly StepHead[], submissions: readonly Partial<StepSubmission>[]) {
    const items = steps.map((step, index): StepSubmission => ({
      ...this.base(),
      kind: 'step',
      step,
      config: NO_CONFIG,
      body: index,
      ...submissions[index],
    }));
    return this.submit(
      items,
      steps.map((step) => utf8.encode(JSON.stringify({ ...step, out: '1' }))),
    );
  }

  private decide<Answer>(decide: (context: CommandContext) => Decision<Answer>): Decision<Answer> {
    const decision = decide({ at: this.at, seed: `seed-${this.history.length}` });
    if ('accepted' in decision && decision.accepted.length > 0) this.fold(decision.accepted);
    return decision;
  }

  private fold(events: readonly RunEvent[]): void {
    const entry = { version: this.history.length + 1, at: this.at, events };
    this.history.push(entry);
    const { state, changes } = evolve(this.state, { stream: runStream(this.runId), ...entry });
    this.state = state;
    this.lastChanges = changes;
    for (const { effectId, obligation } of changes.owed) {
      if (this.unsettled.has(effectId)) throw new Error(`effect ${effectId} was emitted twice`);
      this.unsettled.set(effectId, obligation);
    }
    for (const effectId of changes.settled) {
      if (!this.unsettled.delete(effectId)) throw new Error(`effect ${effectId} was settled without being emitted`);
    }
  }

  /** As the host does: in memory first, written with the next entry (L7). */
  private noteSuccess(messageId: string): void {
    this.fold([{ type: 'DeliveriesSucceeded', data: { messageIds: [messageId] }, bodies: [] }]);
  }

  private stepOf(stepId: number, stepType: string, more: Partial<StepHead> = {}): StepHead {
    return { stepId, stepName: `step ${stepId}`, stepType, concurrent: 1, ...more };
  }

  private base() {
    this.messages += 1;
    return {
      messageId: this.messageIdOf(this.messages),
      destination: 'http://app/api',
      workflowUrl: 'http://app/api',
      method: 'POST',
      contentType: 'application/json',
      forwards: [['upstash-workflow-sdk-version', '1']] as const,
      features: FEATURES,
      body: 0,
    };
  }
}
