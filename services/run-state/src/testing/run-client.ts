import type {
  AskOptions,
  Bus,
  CancelRunAnswer,
  DeliveryReport,
  ListRunsAnswer,
  Message,
  Refused,
  StepSubmission,
  Submission,
  SubmitAnswer,
} from '@stepwell/core';
import { asks, isRefused, message, partitionOf, runStream } from '@stepwell/core';

const PATIENT: AskOptions = { patienceMs: 20_000 };
const utf8 = new TextEncoder();

export const partitionOfRun = (runId: string): number => partitionOf(runStream(runId));

const base = (messageId: string, body = 0) => ({
  messageId,
  destination: 'http://app/api',
  workflowUrl: 'http://app/api',
  method: 'POST',
  contentType: 'application/json',
  forwards: [],
  features: ['WF_DetectTrigger', 'WF_TriggerOnConfig'],
  body,
});

const stepOf = (messageId: string, stepId: number, more: Partial<StepSubmission> = {}): StepSubmission => ({
  ...base(messageId),
  kind: 'step',
  step: { stepId, stepName: `step ${stepId}`, stepType: 'Run', concurrent: 1 },
  config: { forwards: [], labels: [] },
  ...more,
});

/** What the gateway and the http-caller ask of one run, with the patience of a client that holds on. */
export class RunClient {
  readonly address: { readonly partition: number };

  constructor(
    private readonly bus: Bus,
    readonly runId: string,
    private readonly options = PATIENT,
  ) {
    this.address = { partition: partitionOfRun(runId) };
  }

  start(askId = `ask-${this.runId}`, body: Uint8Array = utf8.encode('{}')): Promise<SubmitAnswer | Refused> {
    const item: Submission = {
      ...base(`msg_${this.runId}`),
      kind: 'start',
      config: { forwards: [], labels: [] },
      callerIp: '',
    };
    return this.submit(askId, [item], [body]);
  }

  step(stepId: number, more: Partial<StepSubmission> = {}, body: Uint8Array = utf8.encode(`{"out":"${stepId}"}`)) {
    const messageId = `msg_${this.runId}_${stepId}`;
    return this.submit(`ask-${messageId}`, [stepOf(messageId, stepId, more)], [body]);
  }

  async submit(askId: string, items: readonly Submission[], bodies: readonly Uint8Array[]) {
    const request = message({ runId: this.runId, askId, items }, bodies);
    return (await this.bus.ask(asks.Submit, this.address, request, this.options)).head;
  }

  async finish(result = '"done"'): Promise<void> {
    const request = message({ runId: this.runId, result: 0 }, [utf8.encode(result)]);
    await this.bus.ask(asks.FinishRun, this.address, request, this.options);
  }

  async cancel(): Promise<CancelRunAnswer | Refused> {
    return (await this.bus.ask(asks.CancelRun, this.address, message({ runId: this.runId }), this.options)).head;
  }

  async report(messageId: string, outcome: Partial<DeliveryReport['outcome']> = {}, attempt = 0): Promise<void> {
    const report = { runId: this.runId, messageId, attempt, outcome: { headers: [], durationMs: 1, ...outcome } };
    await this.bus.ask(asks.ReportDeliveries, this.address, message({ reports: [report] }), this.options);
  }

  async isWanted(messageId: string, attempt = 0): Promise<boolean> {
    const key = { runId: this.runId, messageId, attempt };
    return (await this.bus.ask(asks.StillWanted, this.address, message(key), this.options)).head.wanted;
  }

  /** The run as JSON, or the refusal. */
  async log(): Promise<unknown> {
    const request = message({ runId: this.runId, trimBody: false });
    const answer: Message<object> = await this.bus.ask(asks.ReadRunLog, this.address, request, this.options);
    return isRefused(answer.head)
      ? answer.head
      : (JSON.parse(Buffer.from(answer.bodies[0] ?? []).toString()) as unknown);
  }
}

export async function listRuns(bus: Bus, count = 1_000, cursor?: string): Promise<ListRunsAnswer | Refused> {
  const request = message({ filter: {}, count, ...(cursor === undefined ? {} : { cursor }) });
  return (await bus.ask(asks.ListRuns, 'any', request, PATIENT)).head;
}
