import { Controller } from '@nestjs/common';
import type {
  CancelRunAnswer,
  CancelRunRequest,
  CommandContext,
  Done,
  FinishRunRequest,
  Message,
  MessageRequest,
  OpenMailboxRequest,
  Refused,
  RunState,
  SubmitAnswer,
  SubmitRequest,
} from '@stepwell/core';
import { asks, cancel, cancelMessage, finish, message, openMailbox, submit } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { runKey } from '../aggregates';
import { takeIn } from '../bodies/body.admission';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf, unrefused } from './partition';

/** What is asked of one run, and changes it: by clients, and by runs that begin another. */
@Controller()
export class SubmissionsController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.Submit)
  async submit(
    { head, bodies }: Message<SubmitRequest>,
    context: AskContext,
  ): Promise<Message<SubmitAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const taken = takeIn(bodies);
    const command = { ...head, bodies: taken.bodies };
    const refusal = this.runtime.admission.refusalOf(head);
    const decide = (state: RunState | undefined, context: CommandContext): ReturnType<typeof submit> =>
      state === undefined && refusal !== undefined ? refusal : submit(state, command, context);
    return message(await host.execute(runKey(head.runId), decide, taken.blobs));
  }

  @Answers(asks.FinishRun)
  async finish({ head, bodies }: Message<FinishRunRequest>, context: AskContext): Promise<Message<Done>> {
    const host = hostOf(this.runtime.registry, context);
    const given = head.result === undefined ? undefined : bodies[head.result];
    const taken = takeIn(given ? [given] : []);
    const answer = await host.execute(runKey(head.runId), (state) => finish(state, taken.bodies[0]), taken.blobs);
    return message(unrefused(answer, `finish of ${head.runId}`));
  }

  @Answers(asks.CancelRun)
  async cancel({ head }: Message<CancelRunRequest>, context: AskContext): Promise<Message<CancelRunAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(await host.execute(runKey(head.runId), (state) => cancel(state, head.runId)));
  }

  @Answers(asks.CancelMessage)
  async cancelMessage({ head }: Message<MessageRequest>, context: AskContext): Promise<Message<Done | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(await host.execute(runKey(head.runId), (state) => cancelMessage(state, head.messageId)));
  }

  @Answers(asks.OpenMailbox)
  async openMailbox({ head }: Message<OpenMailboxRequest>, context: AskContext): Promise<Message<Done | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, eventId } = head;
    return message(await host.execute(runKey(runId), (state) => openMailbox(state, runId, eventId)));
  }
}
