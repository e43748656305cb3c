import { Controller } from '@nestjs/common';
import type {
  AttemptKey,
  AttemptReport,
  CommandContext,
  DeliveryReport,
  Done,
  Message,
  Refused,
  ReportCallRequest,
  ReportDeliveriesRequest,
  RunState,
  StillWantedAnswer,
  TimerAsk,
  TimersDueAnswer,
  TimersDueRequest,
} from '@stepwell/core';
import {
  asks,
  attemptDue,
  deadlineDue,
  ERROR_CODES,
  isRefused,
  isWanted,
  message,
  reportAttempt,
} from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { mailboxKey, runKey } from '../aggregates';
import type { NewBlob } from '../bodies/body.admission';
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
    const { steps } = report;
    const taken = takeIn(bodiesOf(report, bodies));
    const [body] = taken.bodies;
    const ended = attemptReport(report);
    return unlessUnreadable<Done>(this.runtime.logger, {}, async () => {
      const what = `report on ${report.messageId}`;
      if (!steps)
        return unrefused(await this.decide(host, report, body ? { ...ended, body } : ended, taken.blobs), what);
      const answered = { ...ended, steps: { ...steps, bodies: taken.bodies } };
      const decided = await this.decide(host, report, answered, taken.blobs);
      if (!isRefused(decided)) return decided;
      // What was submitted doesn't fit into one entry: the attempt has failed, without it.
      const { refused: code, message = ERROR_CODES[code].message } = decided;
      return unrefused(await this.decide(host, report, { ...ended, error: { code, message } }), what);
    });
  }

  private decide(
    host: PartitionHost,
    { runId, waitedMs }: DeliveryReport,
    report: AttemptReport,
    blobs: readonly NewBlob[] = [],
  ): Promise<Done | Refused> {
    const decide = (state: RunState | undefined, context: CommandContext) => {
      // Also of a run that has ended: most deliveries of short runs are reported after that.
      if (state && waitedMs !== undefined) this.runtime.delays.note(state.start.workflowUrl, waitedMs);
      return reportAttempt(state, report, context);
    };
    return host.execute(runKey(runId), decide, blobs);
  }
}

/** The answer's own body, or those of what it submits: a report has not both. */
function bodiesOf({ outcome, steps }: DeliveryReport, bodies: readonly Uint8Array[]): readonly Uint8Array[] {
  if (steps) return bodies.slice(steps.bodies.from, steps.bodies.from + steps.bodies.count);
  const body = outcome.body === undefined ? undefined : bodies[outcome.body];
  return body ? [body] : [];
}

function attemptReport({ messageId, attempt, outcome }: DeliveryReport): AttemptReport {
  const { status, headers, error } = outcome;
  return {
    messageId,
    attempt,
    headers,
    ...(status === undefined ? {} : { status }),
    ...(error ? { error } : {}),
  };
}
