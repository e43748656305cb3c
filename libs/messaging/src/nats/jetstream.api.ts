import type { ConsumerConfig, StreamConfig, StreamInfo } from 'nats';
import type { NatsLink } from './nats.link';

/** The few requests of JetStream's management we need, over our own mux. */

const TIMEOUT_MS = 5_000;

/** What JetStream refused; `errCode` as in its error table. */
export class JetStreamError extends Error {
  constructor(
    readonly errCode: number,
    readonly description: string,
  ) {
    super(`${description} (${String(errCode)})`);
    this.name = 'JetStreamError';
  }
}

const ERR_STREAM_NOT_FOUND = 10059;
const ERR_CONSUMER_NOT_FOUND = 10014;
const ERR_NO_MESSAGE = 10037;
export const ERR_STREAM_NAME_TAKEN = 10058;
export const ERR_SUBJECTS_OVERLAP = 10065;
/** Not enough room for the stream's `max_bytes`: on the server, in the account, on its disk. */
export const ERR_NO_ROOM: readonly number[] = [10023, 10028, 10047];

/** A PubAck, or why there is none. */
export interface PubAck {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export function decodePubAck(data: Uint8Array): PubAck {
  try {
    return JSON.parse(decoder.decode(data)) as PubAck;
  } catch {
    return { error: { description: 'the acknowledgement is unreadable' } };
  }
}

export class JetStreamApi {
  constructor(private readonly link: NatsLink) {}

  async streamInfo(name: string): Promise<StreamInfo | undefined> {
    try {
      return await this.call<StreamInfo>(`STREAM.INFO.${name}`);
    } catch (error) {
      if (error instanceof JetStreamError && error.errCode === ERR_STREAM_NOT_FOUND) return undefined;
      throw error;
    }
  }

  createStream(config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
    return this.call(`STREAM.CREATE.${config.name}`, config);
  }

  updateStream(config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
    return this.call(`STREAM.UPDATE.${config.name}`, config);
  }

  /** It is gone afterwards, whoever did it. */
  async deleteStream(name: string): Promise<void> {
    try {
      await this.call(`STREAM.DELETE.${name}`);
    } catch (error) {
      if (!(error instanceof JetStreamError && error.errCode === ERR_STREAM_NOT_FOUND)) throw error;
    }
  }

  async hasConsumer(stream: string, consumer: string): Promise<boolean> {
    return this.isThere(`CONSUMER.INFO.${stream}.${consumer}`, {}, ERR_CONSUMER_NOT_FOUND);
  }

  /** Whether the stream has a message with this subject. */
  async hasMessage(stream: string, subject: string): Promise<boolean> {
    return this.isThere(`STREAM.MSG.GET.${stream}`, { last_by_subj: subject }, ERR_NO_MESSAGE);
  }

  /** Names of the streams that take this subject. */
  async streamsOf(subject: string): Promise<readonly string[]> {
    const { streams } = await this.call<{ streams?: readonly string[] | null }>('STREAM.NAMES', { subject });
    return streams ?? [];
  }

  /** Creates it, or changes it to this. */
  async putConsumer(stream: string, config: Partial<ConsumerConfig> & { durable_name: string }): Promise<void> {
    await this.call(`CONSUMER.CREATE.${stream}.${config.durable_name}`, { stream_name: stream, config });
  }

  private async isThere(what: string, body: object, notThere: number): Promise<boolean> {
    try {
      await this.call(what, body);
      return true;
    } catch (error) {
      if (error instanceof JetStreamError && error.errCode === notThere) return false;
      throw error;
    }
  }

  private async call<Answer>(what: string, body: object = {}): Promise<Answer> {
    const data = encoder.encode(JSON.stringify(body));
    const answer = JSON.parse(
      decoder.decode(await this.link.mux.request(`$JS.API.${what}`, data, TIMEOUT_MS)),
    ) as Answer & PubAck;
    const { error } = answer;
    if (error !== undefined) throw new JetStreamError(error.err_code ?? 0, error.description ?? 'unknown');
    return answer;
  }
}
