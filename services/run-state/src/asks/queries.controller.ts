import { Controller } from '@nestjs/common';
import type {
  Done,
  JsonAnswer,
  ListRunsAnswer,
  ListRunsRequest,
  Message,
  ReadBodyAnswer,
  ReadBodyRequest,
  ReadEntriesAnswer,
  ReadEntriesRequest,
  ReadRunLogRequest,
  Refused,
  RunRequest,
  SettleRequest,
} from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { readEntries, readMessageList } from '../queries/entries.query';
import { readRunLog } from '../queries/run-log.query';
import { RunStateRuntime } from '../run-state.runtime';
import { hostOf } from './partition';

/** How long a list waits for one process to bring its rows up to date. */
const FLUSH_PATIENCE_MS = 15_000;

/** What is read of runs, and receipts. */
@Controller()
export class QueriesController {
  constructor(private readonly runtime: RunStateRuntime) {}

  @Answers(asks.ReadMessages)
  async readMessages({ head }: Message<RunRequest>, context: AskContext): Promise<Message<JsonAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const list = await host.read(head.runId, () => readMessageList(host, this.runtime.store.blobs, head.runId));
    if (!list) return unknownRun(head.runId);
    return message({ json: 0 }, [list]);
  }

  @Answers(asks.ReadRunLog)
  async readRunLog({ head }: Message<ReadRunLogRequest>, context: AskContext): Promise<Message<JsonAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, trimBody } = head;
    const log = await host.read(runId, () => readRunLog(host, this.runtime.store.blobs, runId, trimBody));
    if (!log) return unknownRun(runId);
    return message({ json: 0 }, [Buffer.from(JSON.stringify(log))]);
  }

  @Answers(asks.ReadEntries)
  async readEntries(
    { head }: Message<ReadEntriesRequest>,
    context: AskContext,
  ): Promise<Message<ReadEntriesAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return host.read(head.runId, () => readEntries(host, head));
  }

  @Answers(asks.ReadBody)
  async readBody({ head }: Message<ReadBodyRequest>, context: AskContext): Promise<Message<ReadBodyAnswer | Refused>> {
    hostOf(this.runtime.registry, context);
    const body = await this.runtime.store.blobs.get(head.runId, head.sha256);
    return body ? message({ body: 0 }, [body]) : unknownRun(head.runId);
  }

  /** L9: a list first waits for the rows of everything committed before it, in every process. */
  @Answers(asks.ListRuns)
  async listRuns({ head }: Message<ListRunsRequest>): Promise<Message<ListRunsAnswer | Refused>> {
    const { membership, rows } = this.runtime.store;
    const others = membership.members().filter((member) => member !== membership.memberId);
    await Promise.all([
      this.flush(),
      ...others.map((member) =>
        this.runtime.bus.ask(asks.FlushRows, { member }, message({}), { patienceMs: FLUSH_PATIENCE_MS }),
      ),
    ]);
    const { filter, count, cursor } = head;
    return message(await rows.list(filter, { count, ...(cursor === undefined ? {} : { cursor }) }));
  }

  @Answers(asks.FlushRows)
  async flushRows(): Promise<Message<Done>> {
    await this.flush();
    return message({});
  }

  @Answers(asks.Settle)
  async settle({ head }: Message<SettleRequest>, context: AskContext): Promise<Message<Done>> {
    this.runtime.relay.settle(hostOf(this.runtime.registry, context), head.effectIds);
    return Promise.resolve(message({}));
  }

  private async flush(): Promise<void> {
    await this.runtime.registry.allRecovered();
    await this.runtime.rowWriter.flush();
  }
}

const unknownRun = (runId: string): Message<Refused> =>
  message({ refused: 'UNKNOWN_RUN', message: `run ${runId} is not known here` });
