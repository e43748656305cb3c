import { Controller } from '@nestjs/common';
import type { AuditRunAnswer, Message, Refused, RunRequest } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { runKey } from '../aggregates';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf } from './partition';

/** One run looked into at once: for the auditor of a run that waits for it, and for doctor. */
@Controller()
export class AuditsController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.AuditRun)
  async auditRun({ head }: Message<RunRequest>, context: AskContext): Promise<Message<AuditRunAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId } = head;
    const { audit } = this.runtime;
    // Who asks may be waited for itself: one run does not lead to the next.
    const answer = await audit.audit(host, runId);
    if (!answer) return message({ refused: 'UNKNOWN_RUN', message: `run ${runId} is not known here` });
    if (answer.completedAt !== undefined) await audit.remind(host, runId);
    return host.read(runKey(runId), () => message(answer));
  }
}
