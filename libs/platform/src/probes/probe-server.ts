import type { AddressInfo } from 'node:net';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import type { HealthCheck, HealthRegistry } from '../health-registry';
import { EventLoopLag } from './event-loop-lag';

/** Shorter than the probes' own three seconds, so that a hanging dependency is named and not merely a time-out. */
const CHECK_TIMEOUT_MS = 2_000;
const LIVE_LAG_LIMIT_MS = 5_000;

interface CheckResult {
  readonly ok: boolean;
  readonly detail?: string;
}

interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: {
    readonly status: string;
    readonly checks?: Record<string, CheckResult>;
    readonly eventLoopLagMs?: number;
  };
}

/**
 * `/health/live`, `/health/ready`, `/health/startup` and `/metrics` on one port, for services with and without HTTP traffic
 * (conventions 3.2). Plain node:http, up before everything else, so that a start that hangs says what it waits for.
 *
 * 1. Liveness looks at this process alone, never at MongoDB or NATS: restarting us would not mend them.
 * 2. Not ready before the start is complete, nor from the moment draining begins.
 * 3. A check that hangs or throws counts as failed, and is named.
 */
export class ProbeServer {
  private readonly server: Server;
  private readonly lag = new EventLoopLag();
  private state: 'starting' | 'started' | 'draining' = 'starting';
  private waitingFor = 'configuration';

  constructor(
    private readonly health: HealthRegistry,
    private readonly metrics: Registry,
    private readonly checkTimeoutMs = CHECK_TIMEOUT_MS,
    private readonly lagMs = (): number => this.lag.lagMs,
  ) {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof Error ? error.message : String(error));
      });
    });
  }

  /** Resolves with the port once it listens; port 0 takes any free one. Rejects when the port is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  startingWith(what: string): void {
    this.waitingFor = what;
  }

  started(): void {
    this.state = 'started';
  }

  draining(): void {
    this.state = 'draining';
  }

  close(): Promise<void> {
    this.lag.stop();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    switch (path) {
      case '/health/live':
        send(response, this.live());
        return;
      case '/health/ready':
        send(response, await this.ready());
        return;
      case '/health/startup':
        send(response, await this.startup());
        return;
      case '/metrics':
        response.setHeader('content-type', this.metrics.contentType);
        response.end(await this.metrics.metrics());
        return;
      default:
        response.statusCode = 404;
        response.end();
    }
  }

  private live(): ProbeAnswer {
    const eventLoopLagMs = Math.max(0, Math.round(this.lagMs()));
    return eventLoopLagMs < LIVE_LAG_LIMIT_MS
      ? { status: 200, body: { status: 'live', eventLoopLagMs } }
      : { status: 503, body: { status: 'stuck', eventLoopLagMs } };
  }

  private async ready(): Promise<ProbeAnswer> {
    const checks = await this.run(this.health.readinessChecks());
    if (this.state === 'draining') return { status: 503, body: { status: 'draining', checks } };
    if (this.state === 'starting') return { status: 503, body: { status: `waiting for ${this.waitingFor}`, checks } };
    return allOk(checks)
      ? { status: 200, body: { status: 'ready', checks } }
      : { status: 503, body: { status: 'not ready', checks } };
  }

  private async startup(): Promise<ProbeAnswer> {
    const checks = await this.run(this.health.startupChecks());
    if (this.state === 'starting') return { status: 503, body: { status: `waiting for ${this.waitingFor}`, checks } };
    return allOk(checks)
      ? { status: 200, body: { status: 'started', checks } }
      : { status: 503, body: { status: 'starting', checks } };
  }

  private async run(checks: ReadonlyMap<string, HealthCheck>): Promise<Record<string, CheckResult>> {
    const results = await Promise.all(
      [...checks].map(async ([name, check]) => [name, await this.outcomeOf(check)] as const),
    );
    return Object.fromEntries(results);
  }

  private async outcomeOf(check: HealthCheck): Promise<CheckResult> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<string>((resolve) => {
      timer = setTimeout(() => {
        resolve(`no answer within ${this.checkTimeoutMs} ms`);
      }, this.checkTimeoutMs).unref();
    });
    try {
      const outcome = await Promise.race([check(), tooLong]);
      if (typeof outcome === 'boolean') return { ok: outcome };
      return { ok: false, detail: outcome };
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}

function allOk(checks: Record<string, CheckResult>): boolean {
  return Object.values(checks).every(({ ok }) => ok);
}

function send(response: ServerResponse, { status, body }: ProbeAnswer): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify(body));
}
