import { Injectable } from '@nestjs/common';
import type { AskDefinition, GiveUpSignal, Message, MessageRequest } from '@stepwell/core';
import { asks, isRefused, message, partitionOf, runIdIn, runStream } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { PatientAsker } from '../asking/patient-asker';
import { accepted, bodyOf } from '../runs/run.asks';

/** Messages of runs (protocol.md 13.2): their ids name the run, which alone knows what became of them. */
@Injectable()
export class MessageAsks {
  constructor(private readonly asker: PatientAsker) {}

  /** As JSON. @throws Problem UNKNOWN_MESSAGE when it is delivered, dropped or never was. */
  async read(messageId: string, hangUp: GiveUpSignal): Promise<Uint8Array> {
    const answer = accepted(await this.ask(asks.ReadMessage, messageId, hangUp));
    return bodyOf(answer, answer.head.json);
  }

  /** False for a message that isn't there any more. */
  async cancel(messageId: string, hangUp: GiveUpSignal): Promise<boolean> {
    if (runIdIn(messageId) === undefined) return false;
    const answer = await this.ask(asks.CancelMessage, messageId, hangUp);
    if (isRefused(answer.head) && answer.head.refused === 'UNKNOWN_MESSAGE') return false;
    accepted(answer);
    return true;
  }

  private ask<Answer>(
    definition: AskDefinition<MessageRequest, Answer>,
    messageId: string,
    hangUp: GiveUpSignal,
  ): Promise<Message<Answer>> {
    const runId = runIdIn(messageId);
    if (runId === undefined) throw new Problem('UNKNOWN_MESSAGE');
    return this.asker.ask(
      definition,
      { partition: partitionOf(runStream(runId)) },
      message({ runId, messageId }),
      hangUp,
    );
  }
}
