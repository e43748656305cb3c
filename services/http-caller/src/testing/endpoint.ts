import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

export const answering =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

/** A real HTTP server on a free port of 127.0.0.1: somebody's application. */
export class Endpoint {
  readonly seen: SeenRequest[] = [];
  connections = 0;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly port: number,
  ) {
    server.on('connection', () => (this.connections += 1));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/app`;
  }

  static async start(answer: Answer): Promise<Endpoint> {
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: path = '', headers, rawHeaders } = request;
        const seen: SeenRequest = { method, path, headers, rawHeaders, body: Buffer.concat(chunks) };
        endpoint.seen.push(seen);
        void answer(seen, response);
      });
    };
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = new Endpoint(server, (server.address() as AddressInfo).port);
    return endpoint;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/**
 * Resolves when the condition holds; there is no other way to wait in these specs: a loop around the in-memory bus alone never lets
 * a timer or a socket have its turn.
 */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
