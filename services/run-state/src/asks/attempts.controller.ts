import { Controller } from '@nestjs/common';
import type {
  AttemptKey,
  AttemptReport,
  DeliveryReport,
  Done,
  Message,
  NewBody,
  ReportCallRequest,
  ReportDeliveriesRequest,
  StillWantedAnswer,
  TimersDueAnswer,
  TimersDueRequest,
} from '@stepwell/core';
import { asks, attemptDue, isRefused, isWanted, message, reportAttempt, Silence } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { takeIn } from '../bodies/body.intake';
import type { PartitionHost } from '../partition/partition.host';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf } from './partition';

/** How attempts ended, when they are due, and whether they are still wanted. */
@Controller()
export class AttemptsController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.ReportDeliveries)
  async reportDeliveries(
    { head, bodies }: Message<ReportDeliveriesRequest>,
    context: AskContext,
  ): Promise<Message<Done>> {
    const host = hostOf(this.runtime.registry, context);
    await Promise.all(head.reports.map((report) => this.report(host, report, bodies)));
    return message({});
  }

  @Answers(asks.ReportCall)
  async reportCall({ head, bodies }: Message<ReportCallRequest>, context: AskContext): Promise<Message<Done>> {
    await this.report(hostOf(this.runtime.registry, context), head, bodies);
    return message({});
  }

  @Answers(asks.StillWanted)
  async stillWanted({ head }: Message<AttemptKey>, context: AskContext): Promise<Message<StillWantedAnswer>> {
    const host = hostOf(this.runtime.registry, context);
    const wanted = await host.read(head.runId, ({ state }) => isWanted(state, head));
    return message({ wanted });
  }

  @Answers(asks.TimersDue)
  async timersDue({ head }: Message<TimersDueRequest>, context: AskContext): Promise<Message<TimersDueAnswer>> {
    const host = hostOf(this.runtime.registry, context);
    const results = await Promise.all(
      head.timers.map(async (timer) => {
        const answer = await host.execute(timer.runId, (state, at) => attemptDue(state, timer, at));
        // Deciding a timer knows no refusal; an entry that can't be stored must not look like one that was.
        if (isRefused(answer)) throw new Silence(`timer of ${timer.runId}: ${answer.refused}`);
        return answer;
      }),
    );
    return message({ results });
  }

  private async report(host: PartitionHost, report: DeliveryReport, bodies: readonly Uint8Array[]): Promise<void> {
    const body = report.outcome.body === undefined ? undefined : bodies[report.outcome.body];
    const [taken] = body ? await takeIn(this.runtime.store.blobs, report.runId, [body]) : [];
    const answer = await host.execute(report.runId, (state, at) =>
      reportAttempt(state, attemptReport(report, taken), at),
    );
    if (isRefused(answer)) throw new Silence(`report on ${report.messageId}: ${answer.refused}`);
  }
}

function attemptReport({ messageId, attempt, outcome }: DeliveryReport, body: NewBody | undefined): AttemptReport {
  const { status, headers, error } = outcome;
  return {
    messageId,
    attempt,
    headers,
    ...(status === undefined ? {} : { status }),
    ...(error ? { error } : {}),
    ...(body ? { body } : {}),
  };
}
