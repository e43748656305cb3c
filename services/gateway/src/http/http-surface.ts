import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { errorBody } from '@stepwell/core';
import { LOGGER, Problem, ProblemFilter, problemIn, ShutdownSequence } from '@stepwell/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { bearerToken, TokenGate } from '../auth/token-gate';
import { EventRoutes } from '../events/event.routes';
import { RunRoutes } from '../runs/run.routes';
import { SubmissionRoutes } from '../submissions/submission.routes';
import { BodyMemory } from './body-memory';
import { ConnectionDrain } from './connection-drain';
import { GatewayAdapter } from './gateway.adapter';
import { queryToken } from './raw-target';
import { RequestMetrics } from './request-metrics';
import { HotRoutes } from './hot-routes';
import { JSON_TYPE, sendProblem } from './send-answer';
import { unknownRoute } from './unknown-routes';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Reached without a token. */
    open?: boolean;
  }
}

const BYTES_TYPE = 'application/octet-stream';

/**
 * What holds for every request, whichever route takes it.
 *
 * 1. A route that does not say it is open needs a token, before a byte of the body is read. It goes by the route that was found,
 *    not by the text of the path: there are many spellings of one path.
 * 2. A body is bytes, whatever its type says: a type that cannot even be read is no reason to refuse it. Who wants to know the type
 *    reads the headers as they were sent.
 * 3. Every error answer is `{"error","code"}`; a fault is logged, and its text stays here.
 * 4. Of bodies so many bytes are read at a time as there is memory for; the rest waits.
 * 5. Nothing a stranger sends is logged above debug.
 */
@Injectable()
export class HttpSurface implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly gate: TokenGate,
    private readonly problems: ProblemFilter,
    private readonly metrics: RequestMetrics,
    private readonly submissions: SubmissionRoutes,
    private readonly events: EventRoutes,
    private readonly runs: RunRoutes,
    private readonly hot: HotRoutes,
    private readonly shutdown: ShutdownSequence,
    private readonly bodies: BodyMemory,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const adapter: unknown = this.host.httpAdapter;
    if (!(adapter instanceof GatewayAdapter)) {
      throw new Error('the gateway module needs an application made with GatewayAdapter');
    }
    const server: FastifyInstance = adapter.getInstance();
    this.hot.serve([...this.submissions.hotRoutes(), ...this.runs.hotRoutes()]);
    adapter.takesFirst = (request, response) => this.hot.take(request, response);
    const connections = new ConnectionDrain();
    connections.watch(server.server);
    this.shutdown.onLeaving(() => {
      connections.leave();
    });
    server.addHook('preClose', () => connections.drain());
    server.server.on('checkExpectation', (_request, response) => {
      const body = JSON.stringify(errorBody('INVALID_HEADER', 'this expectation cannot be met'));
      response.writeHead(417, { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(body) }).end(body);
    });
    server.setErrorHandler((error, _request, reply) => {
      this.answerError(reply, error);
    });
    server.setNotFoundHandler((request, reply) => {
      this.answerUnknown(request, reply);
    });
    server.addHook('onRequest', (request, reply, done) => {
      if (request.raw.headers['content-type'] !== undefined) request.raw.headers['content-type'] = BYTES_TYPE;
      if (this.admits(request)) {
        this.bodies.admit(request, (then) => reply.raw.once('close', then), done);
      } else sendProblem(reply.header('www-authenticate', 'Bearer'), new Problem('UNAUTHORIZED'));
    });
    server.addHook('onResponse', (request, reply, done) => {
      this.account(request, reply);
      done();
    });
    this.submissions.register(server);
    this.events.register(server);
    for (const unknown of ['/v1/*', '/v2/*']) {
      server.all(unknown, (request, reply) => {
        this.answerUnknown(request, reply);
      });
    }
  }

  private admits(request: FastifyRequest): boolean {
    if (request.is404 || request.routeOptions.config.open === true) return true;
    return this.gate.admits(bearerToken(request.headers.authorization) ?? queryToken(request.originalUrl));
  }

  private answerError(reply: FastifyReply, error: unknown): void {
    sendProblem(reply, problemIn(error) ?? connectionProblem(error) ?? this.problems.unforeseen(error));
  }

  private answerUnknown(request: FastifyRequest, reply: FastifyReply): void {
    const { problem, allow } = unknownRoute(request.method, request.originalUrl);
    if (allow !== undefined) reply.header('allow', allow);
    sendProblem(reply, problem);
  }

  private account(request: FastifyRequest, reply: FastifyReply): void {
    const route = request.routeOptions.url ?? 'none';
    this.metrics.observe(route, request.method, reply.statusCode, reply.elapsedTime);
    if (!this.logger.isLevelEnabled('debug')) return;
    const { method, id: requestId, ip } = request;
    this.logger.debug(
      { requestId, route, method, status: reply.statusCode, durationMs: Math.round(reply.elapsedTime), callerIp: ip },
      'request answered',
    );
  }
}

/** The connection broke while the body was on its way: nobody hears the answer, and nobody is to blame here. */
function connectionProblem(error: unknown): Problem | undefined {
  const { statusCode } = typeof error === 'object' && error !== null ? (error as { statusCode?: unknown }) : {};
  return statusCode === 400
    ? new Problem('INVALID_BODY', 'the body did not arrive in full', { cause: error })
    : undefined;
}
