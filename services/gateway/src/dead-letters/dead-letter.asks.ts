import { Injectable } from '@nestjs/common';
import type {
  AskDefinition,
  GiveUpSignal,
  Message,
  Refused,
  TakeOver,
  TakeOverOverrides,
  TakeOverRunAnswer,
} from '@stepwell/core';
import { asks, isRefused, message, partitionOf, runIdIn, runStream } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { FreshIds } from '../asking/fresh-ids';
import { PatientAsker } from '../asking/patient-asker';
import { accepted, bodyOf } from '../runs/run.asks';
import type { NamedRun } from './dead-letter.answers';

/**
 * What endpoints ask the owner of a dead letter, which is its run; the letter's id names it. "Undefined" is for a letter that isn't
 * there, or not any more.
 */
@Injectable()
export class DeadLetterAsks {
  constructor(
    private readonly asker: PatientAsker,
    private readonly ids: FreshIds,
  ) {}

  /** As JSON (protocol.md 12). */
  async read(dlqId: string, hangUp: GiveUpSignal): Promise<Uint8Array | undefined> {
    const answer = await this.ask(asks.ReadDeadLetter, dlqId, {}, hangUp);
    return answer && bodyOf(answer, answer.head.json);
  }

  async remove(dlqId: string, hangUp: GiveUpSignal): Promise<boolean> {
    return (await this.ask(asks.DeleteDeadLetter, dlqId, { askId: this.ids.request() }, hangUp)) !== undefined;
  }

  /** The run that goes on from here. */
  async takeOver(
    dlqId: string,
    how: TakeOver,
    overrides: TakeOverOverrides,
    hangUp: GiveUpSignal,
  ): Promise<TakeOverRunAnswer | undefined> {
    const request = { askId: this.ids.request(), how, successor: this.ids.run(), overrides };
    const answer = await this.ask(asks.TakeOverRun, dlqId, request, hangUp);
    return answer?.head;
  }

  /** The run whose failure callback is made once more. @throws Problem NOT_FAILED */
  async repeatCallback(dlqId: string, hangUp: GiveUpSignal): Promise<NamedRun | undefined> {
    const answer = await this.ask(asks.RequestFailureCallback, dlqId, { askId: this.ids.request() }, hangUp);
    return answer && { workflowRunId: runIdIn(dlqId) ?? '', workflowCreatedAt: answer.head.runCreatedAt };
  }

  /** @throws Problem NOT_FAILED */
  async cancelCallback(dlqId: string, hangUp: GiveUpSignal): Promise<boolean> {
    return (await this.ask(asks.CancelFailureCallback, dlqId, { askId: this.ids.request() }, hangUp)) !== undefined;
  }

  private async ask<More extends object, Answer extends object>(
    definition: AskDefinition<{ readonly runId: string; readonly dlqId: string } & More, Answer | Refused>,
    dlqId: string,
    more: More,
    hangUp: GiveUpSignal,
  ): Promise<Message<Answer> | undefined> {
    const runId = runIdIn(dlqId);
    if (runId === undefined) return undefined;
    const partition = partitionOf(runStream(runId));
    const answer = await this.asker.ask(definition, { partition }, message({ runId, dlqId, ...more }), hangUp);
    return isRefused(answer.head) && answer.head.refused === 'UNKNOWN_DEAD_LETTER'
      ? undefined
      : accepted<Answer>(answer);
  }
}

/** @throws Problem UNKNOWN_DEAD_LETTER */
export function found<T>(answer: T | undefined): T {
  if (answer === undefined || answer === false) throw new Problem('UNKNOWN_DEAD_LETTER');
  return answer;
}
