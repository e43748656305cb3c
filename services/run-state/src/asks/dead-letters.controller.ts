import { Controller } from '@nestjs/common';
import type {
  DeadLetterRequest,
  Done,
  FailureCallbackAnswer,
  JsonAnswer,
  Message,
  Refused,
  TakeOverRunAnswer,
  TakeOverRunRequest,
} from '@stepwell/core';
import {
  asks,
  cancelFailureCallback,
  deadLetterOf,
  deleteDeadLetter,
  message,
  requestFailureCallback,
  takeOver,
} from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { runKey } from '../aggregates';
import { readShown } from '../queries/shown.view';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf } from './partition';

/** Failed runs as dead letters (protocol.md 12): the run itself decides what becomes of its letter. */
@Controller()
export class DeadLettersController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.ReadDeadLetter)
  async read(
    { head }: Message<Omit<DeadLetterRequest, 'askId'>>,
    context: AskContext,
  ): Promise<Message<JsonAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, dlqId } = head;
    const letter = await host.read(runKey(runId), (stream) =>
      readShown(this.runtime.bodies, host.tenure, stream, (state, bodies) => {
        const shown = deadLetterOf(state, bodies);
        return shown && 'dlqId' in shown && shown.dlqId === dlqId ? shown : undefined;
      }),
    );
    if (!letter) return message({ refused: 'UNKNOWN_DEAD_LETTER', message: `there is no dead letter ${dlqId}` });
    return message({ json: 0 }, [Buffer.from(JSON.stringify(letter))]);
  }

  @Answers(asks.DeleteDeadLetter)
  async delete({ head }: Message<DeadLetterRequest>, context: AskContext): Promise<Message<Done | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(await host.execute(runKey(head.runId), (state) => deleteDeadLetter(state, head)));
  }

  @Answers(asks.TakeOverRun)
  async takeOver(
    { head }: Message<TakeOverRunRequest>,
    context: AskContext,
  ): Promise<Message<TakeOverRunAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(await host.execute(runKey(head.runId), (state, context) => takeOver(state, head, context)));
  }

  @Answers(asks.RequestFailureCallback)
  async requestFailureCallback(
    { head }: Message<DeadLetterRequest>,
    context: AskContext,
  ): Promise<Message<FailureCallbackAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(
      await host.execute(runKey(head.runId), (state, context) => requestFailureCallback(state, head, context)),
    );
  }

  @Answers(asks.CancelFailureCallback)
  async cancelFailureCallback(
    { head }: Message<DeadLetterRequest>,
    context: AskContext,
  ): Promise<Message<Done | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return message(await host.execute(runKey(head.runId), (state) => cancelFailureCallback(state, head)));
  }
}
