import type { WorkContext } from '@stepwell/core';
import type { Msg, Subscription } from 'nats';
import { createInbox } from 'nats';
import type { AnyWork, IntakeLimits, WorkHandler } from '../driver/bus-driver';
import { judgeWork } from '../driver/work-verdict';
import { decodeWork } from '../frames/envelope';
import { NewerMessage } from '../frames/newer-message';
import type { AckReply } from './ack-reply';
import { ACK, nak, parseAckReply, WORKING } from './ack-reply';
import type { NatsLink } from './nats.link';
import { PullBudget } from './pull-budget';

/*
 * One process's consumption of one work stream by a pull consumer.
 *
 * 1. An item is acknowledged after its handler has returned, never before (B2).
 * 2. While a handler runs, its item is heart-beaten every third of the ack wait (H2): only a dead worker's items come again.
 * 3. Messages and bytes in this process are bounded by the pulls themselves; what comes after the intake stopped goes back at once.
 * 4. A pull from which nothing is heard any more (no message, no idle heart-beat) is given up and made anew.
 */

const PULL_EXPIRES_MS = 30_000;
const IDLE_HEARTBEAT_MS = 2_500;
const SILENT_AFTER_MS = 3 * IDLE_HEARTBEAT_MS;
const LONGEST_TICK_MS = 1_000;
const UNREADABLE_AGAIN_MS = 30_000;
/** A newer process is there, or will be soon: it shall not wait for long. */
const NEWER_AGAIN_MS = 1_000;
const NANOS_PER_MS = 1_000_000;
const IDLE_HEARTBEAT = 100;
const REQUEST_TIMEOUT = 408;
/** A pull that ended because what it asked for is there, or the next item doesn't fit into the rest of it. */
const IS_FULL = /maxbytes|batch completed/i;

interface Handling {
  readonly reply: string;
  readonly bytes: number;
  beatenMs: number;
}

export interface ConsumedStream {
  readonly stream: string;
  readonly consumer: string;
  readonly ackWaitMs: number;
  /** Told when nobody serves the consumer: the stream has to be looked after. */
  missing(): void;
}

export class NatsWorkConsumer {
  private readonly budget: PullBudget;
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private readonly inFlight = new Set<Handling>();
  private readonly graceIsOver = new AbortController();
  private readonly idleListeners: (() => void)[] = [];
  private readonly timer: NodeJS.Timeout;
  private heardMs = performance.now();
  private takesMore = true;

  constructor(
    private readonly link: NatsLink,
    private readonly definition: AnyWork,
    private readonly source: ConsumedStream,
    private readonly handler: WorkHandler,
    limits: IntakeLimits,
  ) {
    this.budget = new PullBudget(limits);
    this.subscription = link.connection.subscribe(this.inbox, {
      callback: (error, message) => {
        if (error === null) this.receive(message);
      },
    });
    this.timer = setInterval(
      () => {
        this.tick();
      },
      Math.min(LONGEST_TICK_MS, source.ackWaitMs / 6),
    ).unref();
    this.pull();
  }

  /** The stream was looked after, or the connection is another: pulls may have got lost. */
  beginAnew(): void {
    this.budget.reset();
    this.heardMs = performance.now();
    this.pull();
  }

  async stopIntake(): Promise<void> {
    if (!this.takesMore) return;
    this.takesMore = false;
    // The server drops our pulls when nobody listens; what it has sent until then is given back by `receive`.
    if (this.link.isConnected()) await this.subscription.drain().catch(() => undefined);
  }

  async drain(grace: AbortSignal): Promise<void> {
    if (this.inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        this.idleListeners.push(resolve);
        const giveBack = (): void => {
          this.giveBackTheRest();
        };
        if (grace.aborted) giveBack();
        else grace.addEventListener('abort', giveBack, { once: true });
      });
    }
    await this.link.flushed();
  }

  close(): void {
    clearInterval(this.timer);
    this.giveBackTheRest();
  }

  /** Without a word: as if the process had died. */
  abandon(): void {
    clearInterval(this.timer);
    this.takesMore = false;
    this.inFlight.clear();
  }

  private giveBackTheRest(): void {
    this.takesMore = false;
    this.graceIsOver.abort();
    for (const { reply } of this.inFlight) this.link.publish(reply, nak(0));
    this.inFlight.clear();
    this.tellIdle();
  }

  private pull(): void {
    if (!this.takesMore || !this.link.isConnected()) return;
    for (let size = this.budget.next(); size !== undefined; size = this.budget.next()) {
      const request = {
        batch: size.messages,
        max_bytes: size.bytes,
        expires: PULL_EXPIRES_MS * NANOS_PER_MS,
        idle_heartbeat: IDLE_HEARTBEAT_MS * NANOS_PER_MS,
      };
      const { stream, consumer } = this.source;
      this.link.connection.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
        Buffer.from(JSON.stringify(request)),
        {
          reply: this.inbox,
        },
      );
    }
  }

  private receive(message: Msg): void {
    this.heardMs = performance.now();
    // Our frames are never empty, JetStream's words about a pull always are.
    if (message.data.length === 0) this.hearStatus(message);
    else this.hearItem(message);
  }

  private hearStatus({ headers }: Msg): void {
    const code = headers?.code ?? 0;
    if (code === IDLE_HEARTBEAT) return;
    const messages = Number(headers?.get('Nats-Pending-Messages') ?? 0);
    const bytes = Number(headers?.get('Nats-Pending-Bytes') ?? 0);
    if (messages > 0) this.budget.closed({ messages, bytes });
    if (code === REQUEST_TIMEOUT || IS_FULL.test(headers?.description ?? '')) {
      if (messages === 0) this.budget.reset();
      this.pull();
      return;
    }
    // No consumer, a new leader, a request refused: the next tick pulls anew, not sooner, lest it spins.
    this.budget.reset();
    this.source.missing();
  }

  private hearItem({ data, reply = '' }: Msg): void {
    const bytes = data.length;
    this.budget.arrived(bytes);
    if (!this.takesMore) {
      this.budget.done(bytes);
      this.link.publish(reply, nak(0));
      return;
    }
    const handling: Handling = { reply, bytes, beatenMs: this.heardMs };
    this.inFlight.add(handling);
    void this.handle(handling, data).then((word) => {
      if (!this.inFlight.delete(handling)) return;
      this.budget.done(bytes);
      this.link.publish(reply, word);
      this.pull();
      if (this.inFlight.size === 0) this.tellIdle();
    });
  }

  /** What to tell JetStream about the item; never rejects. */
  private async handle(handling: Handling, data: Uint8Array): Promise<Uint8Array> {
    let item: ReturnType<typeof decodeWork>;
    let facts: AckReply;
    try {
      item = decodeWork(data);
      facts = parseAckReply(handling.reply);
    } catch (error) {
      if (error instanceof NewerMessage) {
        this.link.log.warn({ err: error, work: this.definition.name }, 'left a work item to a newer process');
        return nak(NEWER_AGAIN_MS);
      }
      this.link.log.error({ err: error, work: this.definition.name }, 'an unreadable work item; it comes again');
      return nak(UNREADABLE_AGAIN_MS);
    }
    const context: WorkContext = {
      effectId: item.effectId,
      deliveryCount: facts.deliveryCount,
      queuedAt: facts.queuedAt,
      working: () => {
        this.beat(handling, performance.now());
      },
      signal: this.graceIsOver.signal,
    };
    const verdict = await judgeWork(this.definition.name, this.handler, item.message, context, this.link.log);
    return verdict === 'ack' ? ACK : nak(verdict.againAfterMs);
  }

  private tick(): void {
    const nowMs = performance.now();
    const beatBeforeMs = nowMs - this.source.ackWaitMs / 3;
    for (const handling of this.inFlight) {
      if (handling.beatenMs <= beatBeforeMs) this.beat(handling, nowMs);
    }
    if (this.takesMore && this.link.isConnected() && nowMs - this.heardMs > SILENT_AFTER_MS) {
      this.heardMs = nowMs;
      this.budget.reset();
      this.source.missing();
    }
    this.pull();
  }

  private beat(handling: Handling, nowMs: number): void {
    if (!this.inFlight.has(handling)) return;
    handling.beatenMs = nowMs;
    this.link.publish(handling.reply, WORKING);
  }

  private tellIdle(): void {
    for (const listener of this.idleListeners.splice(0)) listener();
  }
}
