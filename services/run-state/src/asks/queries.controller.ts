import { Controller } from '@nestjs/common';
import type {
  Done,
  ExplainRunAnswer,
  FlushRowsAnswer,
  JsonAnswer,
  ListRunsAnswer,
  ListRunsRequest,
  Message,
  MessageRequest,
  ReadBodyAnswer,
  ReadBodyRequest,
  ReadEntriesAnswer,
  ReadEntriesRequest,
  ReadRunLogRequest,
  Refused,
  RunRequest,
  SettleRequest,
} from '@stepwell/core';
import { asks, message, messageOf, NobodyAnswered, PARTITIONS, Silence } from '@stepwell/core';
import { InvalidCursor } from '@stepwell/event-store';
import type { AskContext } from '@stepwell/messaging';
import { Answers } from '@stepwell/messaging';
import { runKey } from '../aggregates';
import { readBlob } from '../bodies/body.reader';
import { readEntries, readMessageList } from '../queries/entries.query';
import { explanationOf } from '../queries/explain.query';
import { readRunLog } from '../queries/run-log.query';
import { readShown } from '../queries/shown.view';
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
    const list = await host.read(runKey(head.runId), () => readMessageList(host, this.runtime.store.blobs, head.runId));
    if (!list) return unknownRun(head.runId);
    return message({ json: 0 }, [list]);
  }

  @Answers(asks.ReadRunLog)
  async readRunLog({ head }: Message<ReadRunLogRequest>, context: AskContext): Promise<Message<JsonAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, trimBody } = head;
    const log = await host.read(runKey(runId), () => readRunLog(host, this.runtime.store.blobs, runId, trimBody));
    if (!log) return unknownRun(runId);
    return message({ json: 0 }, [Buffer.from(JSON.stringify(log))]);
  }

  @Answers(asks.ExplainRun)
  async explainRun({ head }: Message<RunRequest>, context: AskContext): Promise<Message<ExplainRunAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const answer = await host.read(runKey(head.runId), ({ state }) => state && explanationOf(state));
    return answer ? message(answer) : unknownRun(head.runId);
  }

  @Answers(asks.ReadEntries)
  async readEntries(
    { head }: Message<ReadEntriesRequest>,
    context: AskContext,
  ): Promise<Message<ReadEntriesAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    return host.read(runKey(head.runId), (stream) => readEntries(this.runtime.bodies, host.tenure, stream, head));
  }

  @Answers(asks.ReadBody)
  async readBody({ head }: Message<ReadBodyRequest>, context: AskContext): Promise<Message<ReadBodyAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, sha256 } = head;
    // A refusal makes the asker drop what it does for the run; a blob that is missing in a known run is no refusal.
    const body = await host.read(
      runKey(runId),
      ({ state }) => state && readBlob(this.runtime.store.blobs, runId, sha256),
    );
    return body ? message({ body: 0 }, [body]) : unknownRun(runId);
  }

  @Answers(asks.ReadMessage)
  async readMessage({ head }: Message<MessageRequest>, context: AskContext): Promise<Message<JsonAnswer | Refused>> {
    const host = hostOf(this.runtime.registry, context);
    const { runId, messageId } = head;
    const shown = await host.read(runKey(runId), (stream) =>
      readShown(this.runtime.bodies, host.tenure, stream, (state, bodies) => messageOf(state, messageId, bodies)),
    );
    if (shown) return message({ json: 0 }, [Buffer.from(JSON.stringify(shown))]);
    return message({
      refused: 'UNKNOWN_MESSAGE',
      message: `message ${messageId} is delivered, dropped or unknown`,
    });
  }

  /** L9: a list first waits for the rows of everything committed before it, in every process. */
  @Answers(asks.ListRuns)
  async listRuns({ head }: Message<ListRunsRequest>): Promise<Message<ListRunsAnswer | Refused>> {
    const { membership, rows } = this.runtime.store;
    await this.flushEverywhere();
    const { filter, count, cursor } = head;
    try {
      const listed = await rows.list(filter, { count, ...(cursor === undefined ? {} : { cursor }) });
      if (!membership.leaseIsValid()) throw new Silence('the lease is over');
      return message(listed);
    } catch (error) {
      if (error instanceof InvalidCursor) return message({ refused: 'INVALID_QUERY', message: error.message });
      throw error;
    }
  }

  @Answers(asks.FlushRows)
  async flushRows(): Promise<Message<FlushRowsAnswer>> {
    return message({ partitions: await this.flush() });
  }

  @Answers(asks.Settle)
  async settle({ head }: Message<SettleRequest>, context: AskContext): Promise<Message<Done>> {
    this.runtime.relay.settle(hostOf(this.runtime.registry, context), head.effectIds);
    return Promise.resolve(message({}));
  }

  /** @throws Silence while the rows of some partition are nobody's. */
  private async flushEverywhere(): Promise<void> {
    const { membership } = this.runtime.store;
    const others = membership.members().filter((member) => member !== membership.memberId);
    const flushed = await Promise.all([this.flush(), ...others.map((member) => this.flushOf(member))]);
    const missing = PARTITIONS - new Set(flushed.flat()).size;
    if (missing > 0) throw new Silence(`${missing} partitions are being taken over`);
  }

  private async flushOf(member: string): Promise<readonly number[]> {
    try {
      const { head } = await this.runtime.bus.ask(asks.FlushRows, { member }, message({}), {
        patienceMs: FLUSH_PATIENCE_MS,
      });
      return head.partitions;
    } catch (error) {
      if (error instanceof NobodyAnswered) throw new Silence(error.message);
      throw error;
    }
  }

  /** The partitions whose rows are in the store as far as they were committed when this was asked. */
  private async flush(): Promise<readonly number[]> {
    const partitions = await this.runtime.registry.allRecovered();
    await this.runtime.rowWriter.flush();
    return partitions;
  }
}

const unknownRun = (runId: string): Message<Refused> =>
  message({ refused: 'UNKNOWN_RUN', message: `run ${runId} is not known here` });
