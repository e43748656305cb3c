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
  TimersDueAnswer,
  TimersDueRequest,
} from '@stepwell/core';
import { asks, attemptDue, isWanted, message, reportAttempt, Silence } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { runKey } from '../aggregates';
import { takeIn } from '../bodies/body.admission';
import type { PartitionHost } from '../partition/partition.host';
import { UnreadableStream } from '../partition/stream';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf, unrefused } from './partition';

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
        this.unlessUnreadable<DueAnswer>({ done: true }, async () => {
          if (!('runId' in timer)) throw new Silence('mailboxes are not kept here yet');
          const answer = await host.execute(runKey(timer.runId), (state, context) => attemptDue(state, timer, context));
          return unrefused(answer, `timer of ${timer.runId}`);
        }),
      ),
    );
    return message({ results });
  }

  private async report(host: PartitionHost, report: DeliveryReport, bodies: readonly Uint8Array[]): Promise<Done> {
    const body = report.outcome.body === undefined ? undefined : bodies[report.outcome.body];
    const taken = takeIn(body ? [body] : []);
    const command = attemptReport(report, taken.bodies[0]);
    return this.unlessUnreadable({}, async () => {
      const decide = (state: RunState | undefined, context: CommandContext) => reportAttempt(state, command, context);
      return unrefused(await host.execute(runKey(report.runId), decide, taken.blobs), `report on ${report.messageId}`);
    });
  }

  /** One ask tells of many runs: one that can't be folded must not stop the others, and nothing can be decided on it anyway. */
  private async unlessUnreadable<Answer>(instead: Answer, execute: () => Promise<Answer>): Promise<Answer> {
    try {
      return await execute();
    } catch (error) {
      if (!(error instanceof UnreadableStream)) throw error;
      this.runtime.logger.error({ err: error }, 'what happened to an unreadable run is dropped');
      return instead;
    }
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
