import { Controller } from '@nestjs/common';
import type {
  CancelRunAnswer,
  CancelRunRequest,
  Done,
  FinishRunRequest,
  Message,
  Refused,
  SubmitAnswer,
  SubmitRequest,
} from '@stepwell/core';
import { asks, cancel, finish, message, submit } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { takeIn } from '../bodies/body.intake';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf } from './partition';

/** What clients submit to runs: the writing half of the gateway's asks. */
@Controller()
export class SubmissionsController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.Submit)
  async submit(
    { head, bodies }: Message<SubmitRequest>,
    context: AskContext,
  ): Promise<Message<SubmitAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, askId, items } = head;
    const taken = await takeIn(this.runtime.store.blobs, runId, bodies);
    return message(await host.execute(runId, (state, at) => submit(state, { runId, askId, items, bodies: taken }, at)));
  }

  @Answers(asks.FinishRun)
  async finish({ head, bodies }: Message<FinishRunRequest>, context: AskContext): Promise<Message<Done>> {
    const host = hostOf(this.runtime.registry, context);
    const given = head.result === undefined ? undefined : bodies[head.result];
    const [result] = given ? await takeIn(this.runtime.store.blobs, head.runId, [given]) : [];
    await host.execute(head.runId, (state) => finish(state, result));
    return message({});
  }

  @Answers(asks.CancelRun)
  async cancel({ head }: Message<CancelRunRequest>, context: AskContext): Promise<Message<CancelRunAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(await host.execute(head.runId, (state) => cancel(state, head.runId)));
  }
}
