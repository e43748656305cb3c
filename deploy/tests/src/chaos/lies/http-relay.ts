import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that has come whole. */
export interface Came {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** @throws when it is not answered to the end */
export function passOn(toPort: number, { method, target, headers, body }: Came): Promise<Answered> {
  const { 'transfer-encoding': _chunked, ...rest } = headers;
  return new Promise((resolve, reject) => {
    const outgoing = ask(
      { host: '127.0.0.1', port: toPort, method, path: target, headers: { ...rest, 'content-length': body.length } },
      (answer) => {
        wholeOf(answer).then((whole) => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: whole });
        }, reject);
      },
    );
    outgoing.once('error', reject).end(body);
  });
}

export function give(response: ServerResponse, { status, headers, body }: Answered): void {
  const { 'transfer-encoding': _chunked, connection: _hop, ...rest } = headers;
  response.writeHead(status, { ...rest, 'content-length': body.length }).end(body);
}

/** Somebody between two who speak HTTP. Who isn't answered is hung up on. */
export abstract class HttpRelay {
  private readonly server: Server = createServer((request, response) => {
    wholeOf(request)
      .then((body) => {
        const { method = 'GET', url: target = '/', headers } = request;
        return this.handle({ method, target, headers, body }, response);
      })
      .catch(() => response.destroy());
  });

  /** What is made of a request. */
  protected abstract handle(came: Came, response: ServerResponse): Promise<void>;

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }
}

async function wholeOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
