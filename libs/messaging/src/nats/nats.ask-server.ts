import type { AskAddress, ServiceName } from '@stepwell/core';
import { askSubject, message, SERVICES } from '@stepwell/core';
import type { Msg, Subscription } from 'nats';
import type { AskContext, AskHandler } from '../driver/bus-driver';
import { AskDesk } from '../driver/ask-desk';
import { decodeAsk } from '../frames/envelope';
import { encodeMessage } from '../frames/message.frame';
import type { PartAssembler } from '../frames/part.assembler';
import { isPart, splitFrame } from '../frames/part.frame';
import { publishPaced } from './paced-parts';
import { newTransfer } from './transfers';
import type { NatsLink } from './nats.link';

/** Asked of a queue group: which member are you? The answer's head is its name. */
export const WHO = '?who';

/*
 * The answering side over NATS.
 *
 * 1. A partition's subject is a plain subscription, never a queue group: two owners during a hand-over both hear it, and who isn't
 *    the owner keeps silent (L2). So is the subject for all of a service.
 * 2. An ask is answered by its handler's word or not at all.
 */
export class NatsAskServer {
  private readonly desk: AskDesk;
  private readonly general: Subscription[] = [];
  private readonly partitions = new Map<ServiceName, Map<number, Subscription>>();

  constructor(
    private readonly link: NatsLink,
    private readonly assembler: PartAssembler,
    private readonly member: string,
  ) {
    this.desk = new AskDesk(link.log);
  }

  async answerAsks(owner: ServiceName, handlers: ReadonlyMap<string, AskHandler>): Promise<void> {
    if (!this.desk.takes(owner)) {
      this.general.push(
        this.subscribe(owner, 'any', { queue: 'stepwell' }),
        this.subscribe(owner, 'all', {}),
        this.subscribe(owner, { member: this.member }, {}),
      );
    }
    this.desk.take(owner, handlers);
    await this.link.flushed();
  }

  async serve(ownerName: string, partitions: ReadonlySet<number>): Promise<void> {
    const owner = SERVICES.find((each) => each === ownerName);
    if (owner === undefined) throw new Error(`there is no service called ${ownerName}`);
    const served = this.partitions.get(owner) ?? new Map<number, Subscription>();
    this.partitions.set(owner, served);
    for (const [partition, subscription] of served) {
      if (partitions.has(partition)) continue;
      served.delete(partition);
      // What has arrived is still handled: whether it may be answered is the handler's to know (L2).
      subscription.drain().catch(() => undefined);
    }
    for (const partition of partitions) {
      if (!served.has(partition)) served.set(partition, this.subscribe(owner, { partition }, {}));
    }
    await this.link.flushed();
  }

  /** Takes no new asks and waits for those that are being handled. */
  async close(): Promise<void> {
    const subscriptions = [...this.general, ...[...this.partitions.values()].flatMap((each) => [...each.values()])];
    if (this.link.isConnected()) {
      await Promise.all(subscriptions.map((each) => each.drain().catch(() => undefined)));
      await this.desk.idle();
    }
  }

  private subscribe(owner: ServiceName, address: AskAddress, options: { queue?: string }): Subscription {
    const partition = typeof address === 'object' && 'partition' in address ? { partition: address.partition } : {};
    return this.link.connection.subscribe(askSubject(owner, address), {
      ...options,
      callback: (error, received) => {
        if (error === null) this.hear(owner, partition, received);
      },
    });
  }

  private hear(owner: ServiceName, partition: Pick<AskContext, 'partition'>, received: Msg): void {
    try {
      const { data, reply } = received;
      const frame = isPart(data) ? this.assembler.accept(data) : data;
      if (frame === undefined || reply === undefined) return;
      const { ask, askId, message: question } = decodeAsk(frame);
      if (ask === WHO) {
        this.answer(reply, encodeMessage(message(this.member)));
        return;
      }
      this.desk.handle(owner, question, { askId, name: ask, ...partition }).then(
        (answer) => {
          this.answer(reply, encodeMessage(answer));
        },
        // Silence; what was a fault is logged by the desk.
        () => undefined,
      );
    } catch (error) {
      this.link.log.warn({ err: error, subject: received.subject }, 'dropped an ask');
    }
  }

  private answer(reply: string, frame: Uint8Array): void {
    publishPaced(this.link, splitFrame(frame, newTransfer), (part) => {
      this.link.publish(reply, part);
    });
  }
}
