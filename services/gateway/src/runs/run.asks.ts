import { Injectable } from '@nestjs/common';
import type {
  AskDefinition,
  ExplainRunAnswer,
  GiveUpSignal,
  Message,
  Refused,
  RunningAttempt,
  WaitingReason,
} from '@stepwell/core';
import { asks, isRefused, message, partitionOf, runStream } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { PatientAsker } from '../asking/patient-asker';

/** What endpoints ask the owner of one run. A refusal is thrown as the problem it is, unless it is an answer to the endpoint. */
@Injectable()
export class RunAsks {
  constructor(private readonly asker: PatientAsker) {}

  /** The run's step list as JSON (protocol.md 7.5). @throws Problem UNKNOWN_RUN when it has ended or never was. */
  async messages(runId: string, hangUp: GiveUpSignal): Promise<Uint8Array> {
    const answer = accepted(await this.askRun(asks.ReadMessages, message({ runId }), hangUp));
    return bodyOf(answer, answer.head.json);
  }

  /** One run as in protocol.md 11; undefined when there is none any more. */
  async log(runId: string, trimBody: boolean, hangUp: GiveUpSignal): Promise<Uint8Array | undefined> {
    const answer = await this.askRun(asks.ReadRunLog, message({ runId, trimBody }), hangUp);
    if (isRefused(answer.head) && answer.head.refused === 'UNKNOWN_RUN') return undefined;
    const found = accepted(answer);
    return bodyOf(found, found.head.json);
  }

  /** What it waits for. @throws Problem UNKNOWN_RUN */
  async explain(runId: string, hangUp: GiveUpSignal): Promise<ExplainRunAnswer> {
    return accepted(await this.askRun(asks.ExplainRun, message({ runId }), hangUp)).head;
  }

  /** Where the request is made that a run waits for; undefined when nobody says that he makes it: it is queued, or nearly over. */
  async running({ effectId, attempt }: WaitingReason, hangUp: GiveUpSignal): Promise<RunningAttempt | undefined> {
    if (effectId === undefined || attempt === undefined) return undefined;
    return (await this.asker.askAround(asks.FindAttempt, message({ effectId, attempt }), hangUp))?.head;
  }

  /** Ended or unknown runs are finished already (protocol.md 7.8). */
  async finish(runId: string, result: Uint8Array | undefined, hangUp: GiveUpSignal): Promise<void> {
    const request = result === undefined ? message({ runId }) : message({ runId, result: 0 }, [result]);
    await this.askRun(asks.FinishRun, request, hangUp);
  }

  /** False if it had ended before. @throws Problem UNKNOWN_RUN */
  async cancel(runId: string, hangUp: GiveUpSignal): Promise<boolean> {
    return accepted(await this.askRun(asks.CancelRun, message({ runId }), hangUp)).head.cancelled;
  }

  private askRun<Request extends { readonly runId: string }, Answer>(
    definition: AskDefinition<Request, Answer>,
    request: Message<Request>,
    hangUp: GiveUpSignal,
  ): Promise<Message<Answer>> {
    const partition = partitionOf(runStream(request.head.runId));
    return this.asker.ask(definition, { partition }, request, hangUp);
  }
}

/** @throws Problem when it is a refusal. */
export function accepted<Answer extends object>(answer: Message<Answer | Refused>): Message<Answer> {
  const { head, bodies } = answer;
  if (isRefused(head)) throw new Problem(head.refused, head.message);
  return { head, bodies };
}

export function bodyOf({ bodies }: Message<unknown>, index: number): Uint8Array {
  const body = bodies[index];
  if (body === undefined) throw new Error(`an answer lacks its body ${index}`);
  return body;
}
