import type {
  AskOptions,
  Bus,
  CancelRunAnswer,
  ChildStart,
  DeliveryReport,
  Done,
  ExplainRunAnswer,
  FailureCallbackAnswer,
  InvokeSubmission,
  ListRunsAnswer,
  Message,
  Refused,
  RunFilter,
  StepSubmission,
  Submission,
  SubmitAnswer,
  TakeOver,
  TakeOverOverrides,
  TakeOverRunAnswer,
  TriggerConfig,
  WaitSubmission,
} from '@stepwell/core';
import { asks, idInRun, isRefused, message, partitionOf, runStream } from '@stepwell/core';

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

const NO_CONFIG: TriggerConfig = { forwards: [], labels: [] };

const headOf = (stepId: number, stepType: string) => ({
  stepId,
  stepName: `step ${stepId}`,
  stepType,
  concurrent: 1,
});

const stepOf = (messageId: string, stepId: number, more: Partial<StepSubmission> = {}): StepSubmission => ({
  ...base(messageId),
  kind: 'step',
  step: headOf(stepId, 'Run'),
  config: NO_CONFIG,
  ...more,
});

/** The JSON of the one body that an answer has, or the refusal. */
function jsonOf({ head, bodies }: Message<object>): unknown {
  return isRefused(head) ? head : (JSON.parse(Buffer.from(bodies[0] ?? []).toString()) as unknown);
}

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

  start(
    askId = `ask-${this.runId}`,
    body: Uint8Array = utf8.encode('{}'),
    config: Partial<TriggerConfig> = {},
  ): Promise<SubmitAnswer | Refused> {
    const item: Submission = {
      ...base(`msg_${this.runId}`),
      kind: 'start',
      config: { ...NO_CONFIG, ...config },
      callerIp: '',
    };
    return this.submit(askId, [item], [body]);
  }

  step(stepId: number, more: Partial<StepSubmission> = {}, body: Uint8Array = utf8.encode(`{"out":"${stepId}"}`)) {
    const messageId = `msg_${this.runId}_${stepId}`;
    return this.submit(`ask-${messageId}`, [stepOf(messageId, stepId, more)], [body]);
  }

  /** The message of a wait or an invoke. */
  requestId(stepId: number): string {
    return idInRun('msg', `request-${stepId}`, this.runId);
  }

  wait(stepId: number, eventId: string, more: Partial<WaitSubmission> = {}): Promise<SubmitAnswer | Refused> {
    const step = headOf(stepId, 'Wait');
    const item: WaitSubmission = {
      ...base(this.requestId(stepId)),
      kind: 'wait',
      eventId,
      step,
      timeoutMs: 3_600_000,
      config: NO_CONFIG,
      ...more,
    };
    return this.submit(`ask-${item.messageId}`, [item], [utf8.encode(JSON.stringify(step))]);
  }

  /** Side by side, in one batch. */
  waitTimes(count: number, eventId: string): Promise<SubmitAnswer | Refused> {
    const items = Array.from({ length: count }, (_, index): WaitSubmission => {
      const stepId = index + 1;
      return {
        ...base(this.requestId(stepId), index),
        kind: 'wait',
        eventId,
        step: { ...headOf(stepId, 'Wait'), concurrent: count },
        timeoutMs: 3_600_000,
        config: NO_CONFIG,
      };
    });
    const bodies = items.map(({ step }) => utf8.encode(JSON.stringify(step)));
    return this.submit(`ask-waits-${this.runId}`, items, bodies);
  }

  invoke(
    stepId: number,
    childRunId: string,
    payload: Uint8Array = utf8.encode('"hi"'),
  ): Promise<SubmitAnswer | Refused> {
    const step = headOf(stepId, 'Invoke');
    const child: ChildStart = {
      ...base(idInRun('msg', 'start', childRunId), 1),
      destination: 'http://app/child',
      workflowUrl: 'http://app/child',
      runId: childRunId,
      config: NO_CONFIG,
      callerIp: '',
    };
    const item: InvokeSubmission = {
      ...base(this.requestId(stepId)),
      kind: 'invoke',
      step,
      config: NO_CONFIG,
      child,
    };
    return this.submit(`ask-${item.messageId}`, [item], [utf8.encode(JSON.stringify(step)), payload]);
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

  async openMailbox(eventId: string): Promise<Done | Refused> {
    const request = message({ runId: this.runId, eventId });
    return (await this.bus.ask(asks.OpenMailbox, this.address, request, this.options)).head;
  }

  async report(
    messageId: string,
    outcome: Partial<DeliveryReport['outcome']> = {},
    attempt = 0,
    waitedMs = 0,
  ): Promise<void> {
    const ended = { headers: [], durationMs: 1, ...outcome };
    const report = { runId: this.runId, messageId, attempt, outcome: ended, waitedMs };
    await this.bus.ask(asks.ReportDeliveries, this.address, message({ reports: [report] }), this.options);
  }

  /** The endpoint answers a delivery with the results of these steps, and with the end of the run if there is a `result`. */
  async answer(
    messageId: string,
    stepIds: readonly number[],
    more: {
      readonly result?: Uint8Array;
      readonly attempt?: number;
      readonly body?: Uint8Array;
      readonly item?: Partial<StepSubmission>;
    } = {},
  ): Promise<void> {
    const { result, attempt = 0, body, item } = more;
    const items = stepIds.map((id, index) => stepOf(`msg_${this.runId}_${id}`, id, { body: index, ...item }));
    const own = [...stepIds.map((id) => body ?? utf8.encode(`{"out":"${id}"}`)), ...(result ? [result] : [])];
    const report: DeliveryReport = {
      runId: this.runId,
      messageId,
      attempt,
      outcome: { status: 200, headers: [], durationMs: 1 },
      // Beside those of others, as in a batch of reports.
      steps: {
        items,
        ...(result ? { finish: { result: stepIds.length } } : {}),
        bodies: { from: 1, count: own.length },
      },
    };
    const request = message({ reports: [report] }, [utf8.encode('of another report'), ...own]);
    await this.bus.ask(asks.ReportDeliveries, this.address, request, this.options);
  }

  /** The endpoint says of a delivery that trying again is of no use: the run has failed. */
  async fail(messageId = `msg_${this.runId}`, attempt = 0): Promise<void> {
    await this.report(messageId, { status: 489, headers: [['upstash-nonretryable-error', 'true']] }, attempt);
  }

  async isWanted(messageId: string, attempt = 0): Promise<boolean> {
    const key = { runId: this.runId, messageId, attempt };
    return (await this.bus.ask(asks.StillWanted, this.address, message(key), this.options)).head.wanted;
  }

  /** The run as JSON, or the refusal. */
  async log(): Promise<unknown> {
    const request = message({ runId: this.runId, trimBody: false });
    return jsonOf(await this.bus.ask(asks.ReadRunLog, this.address, request, this.options));
  }

  async explain(): Promise<ExplainRunAnswer | Refused> {
    return (await this.bus.ask(asks.ExplainRun, this.address, message({ runId: this.runId }), this.options)).head;
  }

  async message(messageId: string): Promise<unknown> {
    const request = message({ runId: this.runId, messageId });
    return jsonOf(await this.bus.ask(asks.ReadMessage, this.address, request, this.options));
  }

  async cancelMessage(messageId: string): Promise<Done | Refused> {
    const request = message({ runId: this.runId, messageId });
    return (await this.bus.ask(asks.CancelMessage, this.address, request, this.options)).head;
  }

  async deadLetter(dlqId: string): Promise<unknown> {
    const request = message({ runId: this.runId, dlqId });
    return jsonOf(await this.bus.ask(asks.ReadDeadLetter, this.address, request, this.options));
  }

  async deleteDeadLetter(dlqId: string, askId = 'delete'): Promise<Done | Refused> {
    const request = message({ runId: this.runId, dlqId, askId });
    return (await this.bus.ask(asks.DeleteDeadLetter, this.address, request, this.options)).head;
  }

  async takeOver(
    dlqId: string,
    how: TakeOver,
    successor: string,
    overrides: TakeOverOverrides = {},
  ): Promise<TakeOverRunAnswer | Refused> {
    const request = message({ runId: this.runId, dlqId, askId: `take-over-${successor}`, how, successor, overrides });
    return (await this.bus.ask(asks.TakeOverRun, this.address, request, this.options)).head;
  }

  async requestFailureCallback(dlqId: string, askId: string): Promise<FailureCallbackAnswer | Refused> {
    const request = message({ runId: this.runId, dlqId, askId });
    return (await this.bus.ask(asks.RequestFailureCallback, this.address, request, this.options)).head;
  }

  async cancelFailureCallback(dlqId: string, askId: string): Promise<Done | Refused> {
    const request = message({ runId: this.runId, dlqId, askId });
    return (await this.bus.ask(asks.CancelFailureCallback, this.address, request, this.options)).head;
  }
}

export async function listRuns(
  bus: Bus,
  count = 1_000,
  cursor?: string,
  filter: RunFilter = {},
): Promise<ListRunsAnswer | Refused> {
  const request = message({ filter, count, ...(cursor === undefined ? {} : { cursor }) });
  return (await bus.ask(asks.ListRuns, 'any', request, PATIENT)).head;
}
