import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { BareClient } from '../../e2e/races/bare-client';
import { finishing, runStep, starting, submitting, type WireRequest } from '../../e2e/races/wire-requests';
import { DEV } from '../../e2e/stepwell-under-test';
import { referenceEndpoint } from '../../native/reference-endpoint';

/** How an app tells its results: in the answer (the native protocol), or by calls of its own (the official client). */
export type Wire = 'inline' | 'official';
export const WIRES: readonly Wire[] = ['inline', 'official'];

/** What the official client answers. */
const OFFICIAL = { 'content-type': 'text/plain;charset=UTF-8', 'upstash-workflow-sdk-version': '1' };
const KEEP_ALIVE_MS = 60_000;

/** An app whose runs have as many steps as their URL says, and who starts them. */
export class GuardedApp {
  /** Deliveries of steps that were answered. */
  steps = 0;
  private runs = 0;
  private readonly left = new Map<string, { steps: number; ended: () => void }>();
  private readonly native = new Map<number, Server>();
  private readonly client: BareClient;
  private readonly server: Server;
  private problem: Error | undefined;

  private constructor(private readonly engineUrl: string) {
    this.client = new BareClient(engineUrl);
    this.server = createServer((request, response) => {
      response.once('finish', () => this.answered(request, response));
      const [, wire, steps] = (request.url ?? '').split('/');
      if (wire === 'inline') this.inline(Number(steps)).emit('request', request, response);
      else
        this.official(Number(steps), request, response).catch((error: unknown) => {
          this.problem = error as Error;
          response.writeHead(500).end();
        });
    });
    this.server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  static async start(engineUrl: string): Promise<GuardedApp> {
    const app = new GuardedApp(engineUrl);
    await once(app.server.listen(0, '127.0.0.1'), 'listening');
    return app;
  }

  /** A whole run. @returns its id, once the app has told its end. @throws Error when it can't be started */
  async run(wire: Wire, steps: number): Promise<string> {
    const id = `wfr_guard-${(this.runs += 1)}`;
    const { port } = this.server.address() as AddressInfo;
    // The official wire has a delivery after the last result, which brings the end.
    const deliveries = wire === 'inline' ? steps : steps + 1;
    const ended = new Promise<void>((resolve) => this.left.set(id, { steps: deliveries, ended: resolve }));
    await this.send(starting([{ id, url: `http://127.0.0.1:${port}/${wire}/${steps}` }]));
    await ended;
    return id;
  }

  /** Whole runs, that many in flight, for so long and until all of them have ended. @returns steps that were done. */
  async load(wire: Wire, inFlight: number, stepsOfRun: number, ms: number): Promise<number> {
    const before = this.steps;
    const deadline = performance.now() + ms;
    const lane = async (): Promise<void> => {
      while (performance.now() < deadline) await this.run(wire, stepsOfRun);
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return this.steps - before;
  }

  async stop(): Promise<void> {
    this.server.close().closeAllConnections();
    await this.client.close();
  }

  private answered({ headers }: IncomingMessage, { statusCode }: ServerResponse): void {
    const run = this.left.get(String(headers['upstash-workflow-runid']));
    if (run === undefined || statusCode !== 200) return;
    this.steps += 1;
    run.steps -= 1;
    if (run.steps === 0) run.ended();
  }

  private inline(steps: number): Server {
    const known = this.native.get(steps);
    if (known !== undefined) return known;
    const program = Array.from({ length: steps }, (_, index) => ({ name: `step ${index + 1}`, run: () => index }));
    const server = referenceEndpoint(() => ({ steps: program, result: () => null }), {
      url: this.engineUrl,
      token: DEV.token,
    });
    this.native.set(steps, server);
    return server;
  }

  private async official(steps: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entries = JSON.parse(await text(request)) as readonly unknown[];
    const id = String(request.headers['upstash-workflow-runid']);
    const url = String(request.headers['upstash-workflow-url']);
    await this.send(
      entries.length <= steps ? submitting({ id, url }, [runStep(entries.length, '1')]) : finishing(id, '1'),
    );
    response.writeHead(200, OFFICIAL).end('{}');
  }

  private async send(request: WireRequest): Promise<void> {
    if (this.problem !== undefined) throw this.problem;
    const answer = await this.client.send(request);
    if (answer.status !== 200) throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.text}`);
  }
}
