import type {
  CallSubmission,
  StartSubmission,
  StepHead,
  StepSubmission,
  Submission,
  TriggerConfig,
} from '../wire/submission';
import type { CommandContext, Decision, NewBody } from '../run/decision';
import { finish, cancel } from '../run/end.decider';
import type { AttemptReport } from '../run/attempt.decider';
import { attemptDue, reportAttempt } from '../run/attempt.decider';
import type { RunEvent } from '../run/run.events';
import type { SubmitAnswer } from '../messages/catalogue';
import { evolve } from '../run/run.evolver';
import type { Changes } from '../run/effects';
import type { Delivery, Obligation, RunState } from '../run/run.state';
import { submit } from '../run/submit.decider';
import { runStream } from '../messages/partition';

/** The message ids that a submission was answered with, in its order; none for a refusal. */
export const messageIds = (decision: Decision<SubmitAnswer>): string[] =>
  'accepted' in decision ? decision.answer.items.map((item) => item.messageId) : [];

const NO_CONFIG: TriggerConfig = { forwards: [], labels: [] };
const FEATURES = ['LazyFetch', 'InitialBody', 'WF_DetectTrigger', 'WF_TriggerOnConfig'];
const utf8 = new TextEncoder();

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

  constructor(
    readonly runId = 'wfr_1',
    public at = 1_000_000,
  ) {}

  get run(): RunState {
    if (!this.state) throw new Error('the run was not started');
    return this.state;
  }

  start(config: Partial<TriggerConfig> = {}, more: Partial<StartSubmission> = {}, askId = 'ask-1') {
    const item: StartSubmission = {
      ...this.base(),
      kind: 'start',
      config: { ...NO_CONFIG, ...config },
      callerIp: '',
      ...more,
    };
    return this.submit([item], [utf8.encode('{"hello":"world"}')], askId);
  }

  submit(items: readonly Submission[], bodies: readonly NewBody[], askId = 'ask-n') {
    return this.decide((context) => submit(this.state, { runId: this.runId, askId, items, bodies }, context));
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

  finish(result?: string) {
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
      headers: [['upstash-workflow-sdk-version', '1']],
      ...(outcome.error ? {} : { status: 200 }),
      ...outcome,
    };
    const decision = this.decide((context) => reportAttempt(this.state, report, context));
    if ('succeeded' in decision) for (const id of decision.succeeded ?? []) this.noteSuccess(id);
    return decision;
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

  private base() {
    this.messages += 1;
    return {
      messageId: `msg_${this.messages}`,
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
