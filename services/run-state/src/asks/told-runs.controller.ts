import { Controller } from '@nestjs/common';
import type {
  CopyRunRequest,
  Done,
  Message,
  Refused,
  RunEvent,
  RunTell,
  TellRunsAnswer,
  TellRunsRequest,
  ToldAnswer,
} from '@stepwell/core';
import { asks, copyPart, message, resultBody, told } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { runKey, RUNS } from '../aggregates';
import { takeIn } from '../bodies/body.admission';
import type { PartitionHost } from '../partition/partition.host';
import { inParallel } from '../partition/places';
import { parseEvent } from '../partition/stream';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf, unrefused } from './partition';
import { unlessUnreadable } from './unreadable';

/** Results being built at a time: each is as large as its notice, and half as large again. */
const BUILT_AT_ONCE = { most: 500, bytes: 32 * 1024 * 1024 };

/** What other streams have for runs. No tell may wait for yet another stream: who tells waits for this. */
@Controller()
export class ToldRunsController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.TellRuns)
  async tell({ head, bodies }: Message<TellRunsRequest>, context: AskContext): Promise<Message<TellRunsAnswer>> {
    const host = hostOf(this.runtime.registry, context);
    const largest = bodies.reduce((most, { byteLength }) => Math.max(most, byteLength), 1);
    const width = Math.max(1, Math.min(BUILT_AT_ONCE.most, Math.floor(BUILT_AT_ONCE.bytes / largest)));
    const results: ToldAnswer[] = [];
    await inParallel(head.tells, width, async (tell, index) => {
      results[index] = await unlessUnreadable<ToldAnswer>(this.runtime.logger, { done: true }, () =>
        this.decide(host, tell, bodies),
      );
    });
    return message({ results });
  }

  @Answers(asks.CopyRun)
  async copy({ head, bodies }: Message<CopyRunRequest>, context: AskContext): Promise<Message<Done | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, from, part } = head;
    const events = head.events.map(({ type, data, bodies: named }): RunEvent =>
      parseEvent(RUNS, { type, data, bodies: named.map((index) => bodies[index] ?? new Uint8Array()) }),
    );
    return message(await host.execute(runKey(runId), (state) => copyPart(state, { from, part, events })));
  }

  /** The body is made before it is decided on, so that a large one is a blob by then (L5). It is the same whatever happens between. */
  private async decide(host: PartitionHost, tell: RunTell, bodies: readonly Uint8Array[]): Promise<ToldAnswer> {
    const key = runKey(tell.runId);
    const { state } = await host.stream(key);
    const result = resultBody(state, tell, bodies);
    const taken = takeIn(result ? [result] : []);
    const answer = await host.execute(key, (state) => told(state, tell, taken.bodies[0]), taken.blobs);
    return unrefused(answer, `${tell.kind} of ${tell.runId}`);
  }
}
