import { Pool } from 'undici';
import { DEV } from '../stepwell-under-test';
import type { WireRequest } from './wire-requests';

/** Connections to the engine: more than a race has open at a time, so that nothing waits for another's answer. */
const CONNECTIONS = 256;

/** An answer, and when it was asked for and given (`performance.now()`). */
export class Answer {
  constructor(
    readonly status: number,
    readonly text: string,
    readonly sentAt: number,
    readonly answeredAt: number,
    /** Of its headers, as it was sent. */
    readonly retryAfter?: string,
  ) {}

  json<T>(): T {
    return JSON.parse(this.text) as T;
  }
}

/** Sends requests as they are, each on a connection of its own if need be, and never twice by itself. */
export class BareClient {
  private readonly pool: Pool;

  constructor(engineUrl: string, connections = CONNECTIONS) {
    this.pool = new Pool(engineUrl, { connections, headersTimeout: 120_000, bodyTimeout: 120_000 });
  }

  async send({ method, path, headers, body, isAnonymous }: WireRequest): Promise<Answer> {
    const sentAt = performance.now();
    const response = await this.pool.request({
      method: method,
      path,
      headers: isAnonymous ? headers : { authorization: `Bearer ${DEV.token}`, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.body.text();
    const { 'retry-after': retryAfter } = response.headers;
    const answeredAt = performance.now();
    return typeof retryAfter === 'string'
      ? new Answer(response.statusCode, text, sentAt, answeredAt, retryAfter)
      : new Answer(response.statusCode, text, sentAt, answeredAt);
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }
}
