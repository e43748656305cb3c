import type { AskOptions, AttemptKey, Bus, Clock, DeliveryReport } from '@stepwell/core';
import { asks, message } from '@stepwell/core';
import { reportOf } from '../effects/outcome.report';
import type { HttpAttempt } from '../outbound/http-attempt';

/*
 * Tells run-state how deliveries ended: those of one partition within a few milliseconds in one ask (architecture.md 7a). A report
 * resolves when its batch was answered, and not before; it rejects with NobodyAnswered, and then is still to be made.
 */

/** What follows a step doesn't wait for this report, so it may wait for others; unless it is in the report, which then goes at once. */
const GATHERING_MS = 2;
const REPORTS_PER_ASK = 500;
const BODY_BYTES_PER_ASK = 2 * 1024 * 1024;

interface Batch {
  readonly reports: DeliveryReport[];
  readonly bodies: Uint8Array[];
  bodyBytes: number;
  readonly answered: Promise<void>;
  readonly flush: () => void;
}

export class DeliveryReporter {
  private readonly gathering = new Map<number, Batch>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly askOptions: AskOptions = {},
  ) {}

  report(partition: number, key: AttemptKey, attempt: HttpAttempt, waitedMs?: number): Promise<void> {
    const batch = this.gathering.get(partition) ?? this.begin(partition);
    batch.reports.push({ ...reportOf(key, attempt, batch.bodies), ...(waitedMs !== undefined && { waitedMs }) });
    batch.bodyBytes += attempt.body?.byteLength ?? 0;
    const isFull = batch.reports.length >= REPORTS_PER_ASK || batch.bodyBytes >= BODY_BYTES_PER_ASK;
    if (isFull || attempt.steps !== undefined) batch.flush();
    return batch.answered;
  }

  private begin(partition: number): Batch {
    const reports: DeliveryReport[] = [];
    const bodies: Uint8Array[] = [];
    let flush = (): void => undefined;
    const answered = new Promise<void>((resolve, reject) => {
      const cancel = this.clock.after(GATHERING_MS, () => {
        flush();
      });
      flush = () => {
        cancel();
        this.gathering.delete(partition);
        flush = () => undefined;
        this.bus.ask(asks.ReportDeliveries, { partition }, message({ reports }, bodies), this.askOptions).then(() => {
          resolve();
        }, reject);
      };
    });
    const batch: Batch = {
      reports,
      bodies,
      bodyBytes: 0,
      answered,
      flush: () => {
        flush();
      },
    };
    this.gathering.set(partition, batch);
    return batch;
  }
}
