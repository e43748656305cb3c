import { setTimeout as delay } from 'node:timers/promises';
import { JetStreamApi } from './jetstream.api';
import { LossWatch } from './loss.watch';
import type { NatsLink } from './nats.link';
import { EpochIsOver, makeStreams } from './stream-maker';
import type { StreamPlan } from './stream-plan';

/*
 * Keeps the planned streams in being: makes them at start, looks after every reconnect, when somebody found nobody where a stream
 * should be, and now and then; and tells when something was lost (E3).
 */

const LOOK_EVERY_MS = 15_000;
const RETRY_MS = 250;

export class StreamKeeper {
  private readonly watch = new LossWatch();
  private readonly api: JetStreamApi;
  private readonly lossListeners = new Set<() => void>();
  private readonly timer: NodeJS.Timeout;
  private look: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    private readonly link: NatsLink,
    private readonly plans: readonly StreamPlan[],
  ) {
    this.api = new JetStreamApi(link);
    link.onReconnect(() => {
      this.lookAgain();
    });
    this.timer = setInterval(() => {
      this.lookAgain();
    }, LOOK_EVERY_MS).unref();
  }

  onLoss(listener: () => void): () => void {
    this.lossListeners.add(listener);
    return () => this.lossListeners.delete(listener);
  }

  /** Resolves when all streams and consumers are as planned. Rejects only when our epoch is over, or at the end. */
  ensureStreams(): Promise<void> {
    this.look ??= this.lookUntilKept().finally(() => {
      this.look = undefined;
    });
    return this.look;
  }

  /** Every PubAck passes here, so that a stream that went back in time is noticed at once. */
  acknowledged(stream: string, seq: number): void {
    if (!this.watch.acknowledged(stream, seq)) this.lookAgain();
  }

  /** Something was missing: look soon. */
  lookAgain(): void {
    if (this.isClosed) return;
    this.ensureStreams().catch((error: unknown) => {
      if (!this.isClosed) this.link.log.error({ err: error }, 'the streams can not be kept');
    });
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
  }

  private async lookUntilKept(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      if (this.isClosed) throw new Error('the bus is closed');
      try {
        await this.keep();
        return;
      } catch (error) {
        if (error instanceof EpochIsOver) throw error;
        if (tries % 20 === 0 && this.link.isConnected()) {
          this.link.log.warn({ err: error }, 'the streams are not there yet; trying again');
        }
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  private async keep(): Promise<void> {
    const marks = this.watch.marks();
    const infos = await makeStreams(this.api, this.plans, this.link.log);
    if (this.watch.compare(this.link.serverId(), infos, marks)) {
      this.link.log.warn({}, 'NATS may have forgotten work: everything unsettled is sent again');
      for (const listener of this.lossListeners) listener();
    }
  }
}
