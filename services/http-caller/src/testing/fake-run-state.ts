import type {
  AskDefinition,
  AttemptKey,
  DeliveryReport,
  EntryHead,
  Message,
  ReportDeliveriesRequest,
} from '@stepwell/core';
import { PARTITIONS, Silence, asks, message } from '@stepwell/core';
import type { AskHandler, MemoryBroker } from '@stepwell/messaging';
import { MemoryBus } from '@stepwell/messaging';

export interface LogEntry {
  readonly messageId: string;
  readonly callType: EntryHead['callType'];
  readonly body: Uint8Array;
  readonly isBlob: boolean;
}

export interface SeenReport extends DeliveryReport {
  readonly body?: Buffer;
  /** Those of its steps. */
  readonly stepBodies?: readonly Buffer[];
}

/** A run-state that has the logs of some runs, keeps the reports and counts what it is asked. */
export class FakeRunState {
  readonly runs = new Map<string, readonly LogEntry[]>();
  readonly entryAsks: { runId: string; from: number; to: number }[] = [];
  readonly deliveries: SeenReport[] = [];
  readonly calls: SeenReport[] = [];
  readonly wantedAsks: AttemptKey[] = [];
  reportAsks = 0;
  bodyAsks = 0;
  wanted = true;
  /** While true, reports are not answered (and not kept). */
  silent = false;
  /** While true, nobody learns what is in a log. */
  isAway = false;
  readonly bus: MemoryBus;

  constructor(broker?: MemoryBroker) {
    this.bus = new MemoryBus({ member: 'run-state-0', ...(broker && { broker }) });
  }

  async start(): Promise<void> {
    await this.bus.serve('run-state', new Set(Array.from({ length: PARTITIONS }, (_, partition) => partition)));
    await this.bus.answerAsks(
      'run-state',
      new Map([
        on(asks.ReadEntries, ({ head: { runId, from, to } }) => {
          this.entryAsks.push({ runId, from, to });
          if (this.isAway) throw new Silence('away');
          const log = this.runs.get(runId);
          if (log === undefined) return message({ refused: 'UNKNOWN_RUN' as const });
          const bodies: Uint8Array[] = [];
          const entries = log.slice(from, to + 1).map((entry, at) => headOf(entry, from + at, bodies));
          return message({ entries }, bodies);
        }),
        on(asks.ReadBody, ({ head: { runId, sha256 } }) => {
          this.bodyAsks += 1;
          const entry = this.runs.get(runId)?.find(({ messageId }) => messageId === sha256);
          return entry === undefined
            ? message({ refused: 'UNKNOWN_RUN' as const })
            : message({ body: 0 }, [entry.body]);
        }),
        on(asks.StillWanted, ({ head }) => {
          this.wantedAsks.push(head);
          return message({ wanted: this.wanted });
        }),
        on(asks.ReportDeliveries, (ask) => {
          this.reportAsks += 1;
          this.keepSilentIfTold();
          this.deliveries.push(...reportsOf(ask));
          return message({});
        }),
        on(asks.ReportCall, ({ head, bodies }) => {
          this.reportAsks += 1;
          this.keepSilentIfTold();
          this.calls.push(...reportsOf(message({ reports: [head] }, bodies)));
          return message({});
        }),
      ]),
    );
  }

  private keepSilentIfTold(): void {
    if (this.silent) throw new Silence('told to');
  }
}

/** In this fake, a blob's name is its entry's message id. */
export function headOf(
  { messageId, callType, body, isBlob }: LogEntry,
  index: number,
  bodies: Uint8Array[],
): EntryHead {
  const reference = isBlob
    ? { blob: { sha256: messageId, sizeBytes: body.byteLength } }
    : { inline: bodies.push(body) - 1 };
  return { index, messageId, callType, body: reference };
}

function reportsOf({ head, bodies }: Message<ReportDeliveriesRequest>): SeenReport[] {
  return head.reports.map((report) => {
    const { outcome, steps } = report;
    const body = outcome.body === undefined ? undefined : bodies[outcome.body];
    const own = steps && bodies.slice(steps.bodies.from, steps.bodies.from + steps.bodies.count);
    return {
      ...report,
      ...(body && { body: Buffer.from(body) }),
      ...(own && { stepBodies: own.map((bytes) => Buffer.from(bytes)) }),
    };
  });
}

function on<Request, Answer>(
  definition: AskDefinition<Request, Answer>,
  answer: (ask: Message<Request>) => Message<Answer>,
): [string, AskHandler] {
  return [definition.name, (ask) => Promise.resolve().then(() => answer(ask as Message<Request>))];
}
