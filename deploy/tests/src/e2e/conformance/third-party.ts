import type { IncomingHttpHeaders, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A request that a third party got. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** When it arrived, as `performance.now()` counts. */
  readonly at: number;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly afterMs?: number;
  /** The connection breaks instead. */
  readonly hangUp?: boolean;
}

/** Somebody on the internet: notes what it is asked, by path, and answers as told; untold, with what it was asked. */
export class ThirdParty {
  private readonly server: Server;
  private readonly requests = new Map<string, Seen[]>();
  private readonly answers = new Map<string, (seen: Seen, nth: number) => Answer>();

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const seen: Seen = {
          method,
          target: url,
          headers,
          body: Buffer.concat(chunks).toString(),
          at: performance.now(),
        };
        const path = url.split('?')[0] ?? '';
        const nth = this.seen(path).push(seen);
        void this.answer(path, seen, nth).then(({ status = 200, headers: answerHeaders, body, hangUp }) => {
          if (hangUp) request.socket.destroy();
          else response.writeHead(status, { 'content-type': 'application/json', ...answerHeaders }).end(body);
        });
      });
    });
    this.server.listen(0, '127.0.0.1');
  }

  private async answer(path: string, seen: Seen, nth: number): Promise<Answer> {
    const { method, target, body } = seen;
    const answer = this.answers.get(path)?.(seen, nth) ?? { body: JSON.stringify({ method, target, body }) };
    if (answer.afterMs !== undefined) await delay(answer.afterMs);
    return answer;
  }

  async start(): Promise<void> {
    if (!this.server.listening) await new Promise((listening) => this.server.once('listening', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What arrived at a path so far, oldest first. */
  seen(path: string): Seen[] {
    const known = this.requests.get(path);
    if (known) return known;
    const none: Seen[] = [];
    this.requests.set(path, none);
    return none;
  }

  /** `nth` counts from one. */
  answersAt(path: string, answer: Answer | ((seen: Seen, nth: number) => Answer)): void {
    this.answers.set(path, typeof answer === 'function' ? answer : () => answer);
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }
}
