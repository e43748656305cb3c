import type { AskAddress, AskDefinition, AskOptions, Message, ServiceName } from '@stepwell/core';
import { askSubject } from '@stepwell/core';
import type { Try } from '../driver/patient-ask';
import { askPatiently } from '../driver/patient-ask';
import { UniqueIds } from '../driver/unique-ids';
import { encodeAsk } from '../frames/envelope';
import { decodeMessage } from '../frames/message.frame';
import type { PartAssembler } from '../frames/part.assembler';
import { isPart, MAX_PART_BYTES, splitFrame } from '../frames/part.frame';
import { WHO } from './nats.ask-server';
import type { NatsLink } from './nats.link';
import type { Exchange } from './reply-mux';
import { newTransfer } from './transfers';

/** A large ask takes its time before anybody can begin to answer: 8 MB a second are little. */
const BYTES_PER_MS = 8_000;

/** The asking side over NATS. A large ask travels in parts, which must all reach the same process. */
export class NatsAsker {
  private readonly ids = new UniqueIds();

  constructor(
    private readonly link: NatsLink,
    private readonly assembler: PartAssembler,
  ) {}

  async ask<Request, Answer>(
    { name, owner, schema }: AskDefinition<Request, Answer>,
    address: AskAddress,
    message: Message<Request>,
    options?: AskOptions,
  ): Promise<Message<Answer>> {
    const frame = encodeAsk({ ask: name, askId: this.ids.next(), schema, message });
    const answer = await askPatiently(
      {
        name,
        address,
        attempt: (timeoutMs) => this.attempt(owner, address, frame, timeoutMs),
        mayGoOn: () => !this.link.connection.isClosed(),
      },
      options,
    );
    // The catalogue ties the answer's type to the name; `MessagingServer`'s decorators hold the handler to it.
    return answer as Message<Answer>;
  }

  private async attempt(owner: ServiceName, address: AskAddress, frame: Uint8Array, timeoutMs: number): Promise<Try> {
    if (address === 'any' && frame.byteLength > MAX_PART_BYTES) {
      const member = await this.chooseMember(owner, timeoutMs);
      return typeof member === 'string' ? member : this.send(askSubject(owner, member), frame, timeoutMs);
    }
    return this.send(askSubject(owner, address), frame, timeoutMs);
  }

  private send(subject: string, frame: Uint8Array, timeoutMs: number): Promise<Try> {
    return new Promise((resolve) => {
      const unheard = (): void => {
        resolve('unheard');
      };
      const exchange: Exchange = {
        dueAtMs: performance.now() + timeoutMs + frame.byteLength / BYTES_PER_MS,
        reply: (data) => {
          const answer = this.decode(subject, data);
          if (answer !== undefined) resolve(answer);
          // A part of it: it is on its way, and asked for again it would only be on its way twice.
          else if (isPart(data)) exchange.dueAtMs = performance.now() + timeoutMs;
          return answer !== undefined;
        },
        expire: () => {
          resolve('unanswered');
        },
        unheard,
        disconnected: unheard,
      };
      this.link.mux.begin(subject, splitFrame(frame, newTransfer), exchange);
    });
  }

  /** The answer, when this was all of it. Garbage is as good as silence. */
  private decode(subject: string, data: Uint8Array): Message<unknown> | undefined {
    try {
      const whole = isPart(data) ? this.assembler.accept(data) : data;
      return whole && decodeMessage(whole);
    } catch (error) {
      this.link.log.warn({ err: error, subject }, 'dropped an answer');
      return undefined;
    }
  }

  /** Parts to a queue group would be dealt out among its members: one of them is chosen first. */
  private async chooseMember(
    owner: ServiceName,
    timeoutMs: number,
  ): Promise<{ member: string } | 'unanswered' | 'unheard'> {
    const question = encodeAsk({ ask: WHO, askId: this.ids.next(), message: { head: null, bodies: [] } });
    const answer = await this.send(askSubject(owner, 'any'), question, timeoutMs);
    if (typeof answer === 'string') return answer;
    return typeof answer.head === 'string' ? { member: answer.head } : 'unanswered';
  }
}
