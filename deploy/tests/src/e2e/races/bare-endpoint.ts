import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Delivery } from './delivery';

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What to do on a delivery, and how to answer it; default: 200. It may take its time. */
export type Script = (delivery: Delivery) => Promise<Reply | undefined> | Reply | undefined;

/** A third party: counts, and answers what it is told to. */
export class ThirdParty {
  calls = 0;

  constructor(
    readonly url: string,
    readonly answer: string,
  ) {}
}

/** As the official client answers, whatever happened (protocol.md 6). */
const OWN_HEADERS = { 'content-type': 'text/plain;charset=UTF-8', 'upstash-workflow-sdk-version': '1' };
const SUCCEEDED: Reply = { body: '{"finishCondition":"success"}' };

/** How an endpoint says that trying again is useless (9.1). */
export const NON_RETRYABLE: Reply = {
  status: 489,
  headers: { 'upstash-nonretryable-error': 'true' },
  body: '{"error":"Error","message":"no"}',
};

/**
 * A user's app without any library: who is called under which path is what the test says. It believes nothing: whatever the protocol forbids
 * ends up in `complaints`, and so does a delivery that nobody expected.
 */
export class BareEndpoint {
  readonly complaints: string[] = [];
  deliveries = 0;
  private readonly server = createServer((request, response) => {
    void this.receive(request, response);
  });
  private readonly scripts = new Map<string, Script>();
  private readonly thirdParties = new Map<string, ThirdParty>();

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
    this.server.keepAliveTimeout = 60_000;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @returns the URL that now does what the script says */
  serve(name: string, script: Script): string {
    const path = `/app/${name}`;
    this.scripts.set(path, script);
    return `${this.url}${path}`;
  }

  thirdParty(name: string, answer: string): ThirdParty {
    const path = `/third-party/${name}`;
    const thirdParty = new ThirdParty(`${this.url}${path}`, answer);
    this.thirdParties.set(path, thirdParty);
    return thirdParty;
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    if (text === undefined) return;
    const path = request.url ?? '';
    const thirdParty = this.thirdParties.get(path);
    if (thirdParty) {
      thirdParty.calls += 1;
      response.end(thirdParty.answer);
      return;
    }
    const { status = 200, headers = {}, body = '' } = await this.deliver(path, request, text);
    response.writeHead(status, { ...OWN_HEADERS, ...headers }).end(body);
  }

  private async deliver(path: string, request: IncomingMessage, text: string): Promise<Reply> {
    const delivery = new Delivery(`${this.url}${path}`, request.headers, text);
    this.deliveries += 1;
    for (const problem of delivery.problems) this.complaints.push(`${delivery.runId}: ${problem}`);
    const script = this.scripts.get(path);
    if (!script) {
      this.complaints.push(`nobody expects ${path}`);
      return { status: 404 };
    }
    try {
      return (await script(delivery)) ?? SUCCEEDED;
    } catch (error) {
      this.complaints.push(`${delivery.runId}: ${error instanceof Error ? error.message : String(error)}`);
      return { status: 500 };
    }
  }
}

/** Undefined when the caller was killed in the middle of it. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString();
}
