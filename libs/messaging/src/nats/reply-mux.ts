import type { Msg, NatsConnection, Subscription } from 'nats';
import { createInbox } from 'nats';
import type { Deadline } from '../driver/deadline-map';
import { DeadlineMap } from '../driver/deadline-map';
import { UniqueIds } from '../driver/unique-ids';
import type { PacedLink } from './paced-parts';
import { publishPaced } from './paced-parts';

/*
 * All answers of one connection: one subscription, one map, one timer. The client's own requests cost 36 µs each, this 9
 * (architecture.md 7a), and asks and PubAcks are most of what the hot path says.
 *
 * 1. An exchange ends once: by its last reply, by nobody being there, by its time-out or by the connection's end.
 * 2. A reply to an exchange that has ended is dropped.
 */

export interface Exchange extends Deadline {
  /** May be put off while answers come in. */
  dueAtMs: number;
  /** True when this was the last reply. */
  reply(data: Uint8Array): boolean;
  /** Nobody subscribes to that subject, or there is no connection: it was not heard. */
  unheard(): void;
  /** The connection ended meanwhile: nobody knows. */
  disconnected(): void;
}

const NO_RESPONDERS = 503;

export class ReplyMux {
  private readonly exchanges = new DeadlineMap<string, Exchange>();
  private readonly ids = new UniqueIds();
  private readonly prefix = `${createInbox()}.`;
  private readonly subscription: Subscription;

  constructor(
    private readonly connection: NatsConnection,
    private readonly link: PacedLink,
  ) {
    this.subscription = connection.subscribe(`${this.prefix}>`, {
      callback: (error, message) => {
        if (error === null) this.deliver(message);
      },
    });
  }

  /** Publishes all frames with the reply subject of this exchange. */
  begin(subject: string, frames: readonly Uint8Array[], exchange: Exchange, headers?: PublishHeaders): void {
    if (!this.link.isConnected()) {
      exchange.unheard();
      return;
    }
    const token = this.ids.next();
    this.exchanges.set(token, exchange);
    const reply = this.prefix + token;
    publishPaced(this.link, frames, (frame) => {
      try {
        this.connection.publish(subject, frame, { reply, ...headers });
      } catch {
        // Closed meanwhile, or more than the server takes.
        if (this.exchanges.get(token) !== exchange) return;
        this.exchanges.delete(token);
        exchange.unheard();
      }
    });
  }

  /** One request, one reply. @throws RequestFailed */
  request(subject: string, data: Uint8Array, timeoutMs: number, headers?: PublishHeaders): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = (reason: FailureReason) => (): void => {
        reject(new RequestFailed(subject, reason));
      };
      const exchange: Exchange = {
        dueAtMs: performance.now() + timeoutMs,
        reply: (answer) => {
          resolve(answer);
          return true;
        },
        unheard: fail('unheard'),
        expire: fail('unanswered'),
        disconnected: fail('disconnected'),
      };
      this.begin(subject, [data], exchange, headers);
    });
  }

  /** The connection is lost: whoever waits may as well decide now. */
  abandonAll(): void {
    for (const exchange of this.exchanges.clear()) exchange.disconnected();
  }

  close(): void {
    this.subscription.unsubscribe();
    this.abandonAll();
  }

  private deliver(message: Msg): void {
    const token = message.subject.slice(this.prefix.length);
    const exchange = this.exchanges.get(token);
    if (exchange === undefined) return;
    const { data } = message;
    if (data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      this.exchanges.delete(token);
      exchange.unheard();
    } else if (exchange.reply(data)) this.exchanges.delete(token);
  }
}

type PublishHeaders = Pick<NonNullable<Parameters<NatsConnection['publish']>[2]>, 'headers'>;
type FailureReason = 'unheard' | 'unanswered' | 'disconnected';

export class RequestFailed extends Error {
  constructor(
    subject: string,
    readonly reason: FailureReason,
  ) {
    super(`${subject}: ${reason}`);
    this.name = 'RequestFailed';
  }
}
