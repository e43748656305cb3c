import { Controller } from '@nestjs/common';
import type {
  AttemptKey,
  AttemptReport,
  CommandContext,
  DeliveryReport,
  Done,
  Message,
  NewBody,
  ReportCallRequest,
  ReportDeliveriesRequest,
  RunState,
  StillWantedAnswer,
  TimerAsk,
  TimersDueAnswer,
  TimersDueRequest,
} from '@stepwell/core';
import { asks, attemptDue, deadlineDue, isWanted, message, reportAttempt } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { mailboxKey, runKey } from '../aggregates';
import { takeIn } from '../bodies/body.admission';
import type { PartitionHost } from '../partition/partition.host';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf, unrefused } from './partition';
import { unlessUnreadable } from './unreadable';

type DueAnswer = TimersDueAnswer['results'][number];

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
    const wanted = await host.read(runKey(head.runId), ({ state }) => isWanted(state, head));
    return message({ wanted });
  }

  @Answers(asks.TimersDue)
  async timersDue({ head }: Message<TimersDueRequest>, context: AskContext): Promise<Message<TimersDueAnswer>> {
    const host = hostOf(this.runtime.registry, context);
    const results = await Promise.all(
      head.timers.map((timer) =>
        unlessUnreadable<DueAnswer>(this.runtime.logger, { done: true }, () => this.due(host, timer)),
      ),
    );
    return message({ results });
  }

  private async due(host: PartitionHost, timer: TimerAsk): Promise<DueAnswer> {
    if ('eventId' in timer) {
      const key = mailboxKey(timer.eventId);
      const answer = await host.execute(key, (state, context) => deadlineDue(state, timer, context));
      return unrefused(answer, `deadline at ${timer.eventId}`);
    }
    const answer = await host.execute(runKey(timer.runId), (state, context) => attemptDue(state, timer, context));
    return unrefused(answer, `timer of ${timer.runId}`);
  }

  private async report(host: PartitionHost, report: DeliveryReport, bodies: readonly Uint8Array[]): Promise<Done> {
    const body = report.outcome.body === undefined ? undefined : bodies[report.outcome.body];
    const taken = takeIn(body ? [body] : []);
    const command = attemptReport(report, taken.bodies[0]);
    return unlessUnreadable<Done>(this.runtime.logger, {}, async () => {
      const decide = (state: RunState | undefined, context: CommandContext) => {
        // Also of a run that has ended: most deliveries of short runs are reported after that.
        if (state && report.waitedMs !== undefined) this.runtime.delays.note(state.start.workflowUrl, report.waitedMs);
        return reportAttempt(state, command, context);
      };
      return unrefused(await host.execute(runKey(report.runId), decide, taken.blobs), `report on ${report.messageId}`);
    });
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
