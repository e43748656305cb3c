import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { GiveUpSignal } from '@stepwell/core';
import { LOGGER, ProblemFilter, problemIn } from '@stepwell/platform';
import type { Logger } from 'pino';
import { hangUpSignal } from '../asking/hang-up';
import { bearerToken, TokenGate } from '../auth/token-gate';
import { GatewayConfig } from '../gateway.config';
import { SMALL_BYTES } from './body-memory';
import { RequestMetrics } from './request-metrics';
import { JSON_TYPE } from './send-answer';

/*
 * In front of the router: the few requests that every step of every run makes, as nearly all of them are. The router's hooks, its parsers
 * and its replies were a seventh of the engine's whole time (architecture.md 7a).
 *
 * 1. Only what needs nothing of all that is taken: the exact target, a good token in its header, a small body of a length that is told, no
 *    proxy whose word counts. Everything else is the router's, and with it every refusal but those of the body itself.
 * 2. A route here is one of the router's too, and does the same: nobody can tell which one answered.
 */

export interface HotRoute {
  readonly method: string;
  /** The router's name for it (for the metrics). */
  readonly route: string;
  readonly takes: (target: string) => boolean;
  /** What becomes of a request without one is the router's to say. */
  readonly needsBody: boolean;
  /** What is answered, as JSON. @throws Problem */
  readonly answer: (request: HotRequest) => Promise<object>;
}

export interface HotRequest {
  readonly target: string;
  readonly body: Buffer;
  readonly callerIp: string;
  readonly hangUp: GiveUpSignal;
}

const DIGITS = /^\d{1,9}$/;

@Injectable()
export class HotRoutes {
  private routes: readonly HotRoute[] = [];

  constructor(
    private readonly gate: TokenGate,
    private readonly config: GatewayConfig,
    private readonly problems: ProblemFilter,
    private readonly metrics: RequestMetrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  serve(routes: readonly HotRoute[]): void {
    if (this.config.trustProxy.length === 0) this.routes = routes;
  }

  /** False: it isn't for here, and nothing was done with it. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url: target = '', headers } = request;
    const route = this.routes.find((each) => each.method === method && each.takes(target));
    if (route === undefined || !hasRightSize(headers, route) || !this.gate.admits(bearerToken(headers.authorization)))
      return false;
    const startedAt = performance.now();
    const hangUp = hangUpSignal(response);
    const callerIp = request.socket.remoteAddress ?? '';
    response.once('close', () => {
      this.account(route, response.statusCode, performance.now() - startedAt, callerIp);
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    request.on('end', () => {
      const [first = NOTHING] = chunks;
      const body = chunks.length <= 1 ? first : Buffer.concat(chunks);
      void this.answer(route, { target, body, callerIp, hangUp }, response);
    });
    return true;
  }

  private account({ route, method }: HotRoute, status: number, durationMs: number, callerIp: string): void {
    this.metrics.observe(route, method, status, durationMs);
    if (!this.logger.isLevelEnabled('debug')) return;
    this.logger.debug({ route, method, status, durationMs: Math.round(durationMs), callerIp }, 'request answered');
  }

  /** Never rejects. */
  private async answer(route: HotRoute, request: HotRequest, response: ServerResponse): Promise<void> {
    try {
      send(response, 200, {}, await route.answer(request));
    } catch (error) {
      const { status, headers, body } = problemIn(error) ?? this.problems.unforeseen(error);
      send(response, status, headers, body);
    }
  }
}

const NOTHING = Buffer.alloc(0);

function hasRightSize(headers: IncomingMessage['headers'], { needsBody }: HotRoute): boolean {
  const length = headers['content-length'] ?? (headers['transfer-encoding'] === undefined ? '0' : '');
  const sizeBytes = DIGITS.test(length) ? Number(length) : Infinity;
  return sizeBytes <= SMALL_BYTES && (sizeBytes > 0 || !needsBody);
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, json: object): void {
  const body = JSON.stringify(json);
  response.writeHead(status, { ...headers, 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
