import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '@stepwell/core';
import { errorBody } from '@stepwell/core';
import { Problem } from '@stepwell/platform';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { ConnectionError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../gateway.config';
import { routedTarget } from './raw-target';
import { sendProblem } from './send-answer';

/** Room for a destination in the path and a few forwarded headers on a publish; Node's own default is a quarter of it. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Slow-loris: a connection that says nothing at all is closed after this, besides what it may hold open to be answered. */
const SILENCE_MS = 30_000;
const HEADERS_TIMEOUT_MS = 15_000;
const CONNECTION_CHECK_MS = 5_000;

/**
 * The HTTP server of the gateway, for `NestFactory.create`. Bodies come as the bytes that were sent, whatever their type says;
 * error and not-found answers are those of {@link HttpSurface}, not Nest's.
 */
export class GatewayAdapter extends FastifyAdapter {
  /** Who is in front of the router: true = it took the request. */
  takesFirst: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;

  constructor(config: GatewayConfig) {
    super({
      logger: false,
      skipMiddie: true,
      bodyLimit: config.bodyLimitBytes,
      trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
      requestTimeout: config.requestTimeoutMs,
      keepAliveTimeout: config.keepAliveMs,
      // An answer may take as long as our patience, and no byte flows meanwhile.
      connectionTimeout: Math.max(config.patienceMs, config.keepAliveMs) + SILENCE_MS,
      forceCloseConnections: 'idle',
      return503OnClosing: false,
      routerOptions: { maxParamLength: 1_024 },
      rewriteUrl: routedTarget,
      ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
      frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
        sendProblem(reply, new Problem('NOT_FOUND', error.message));
      },
      clientErrorHandler: answerBrokenRequest,
      http: {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: Math.min(HEADERS_TIMEOUT_MS, config.requestTimeoutMs),
        connectionsCheckingInterval: CONNECTION_CHECK_MS,
      },
    });
    const { server } = this.getInstance();
    const [routed] = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (!this.takesFirst(request, response)) routed?.(request, response);
    });
    server.on('request', ({ socket }, response) => {
      lastAnswers.set(socket, response);
    });
  }

  override registerParserMiddleware(): void {
    const server = this.getInstance();
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
  }

  /** Nest's own handlers are left out: HttpSurface sets the server's. */
  override setErrorHandler(): FastifyInstance {
    return this.getInstance();
  }

  override setNotFoundHandler(): FastifyInstance {
    return this.getInstance();
  }
}

/** The HTTP side of an application that has the gateway in it, for the service's definition. */
export const gatewayHttp = (config: GatewayConfig): { adapter: GatewayAdapter; host: string; port: number } => ({
  adapter: new GatewayAdapter(config),
  host: config.host,
  port: config.port,
});

const BROKEN: Readonly<Record<string, { status: number; code: ErrorCode; error: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 'INVALID_HEADER', error: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'INVALID_BODY', error: 'the request took too long to arrive' },
};

/** The newest of each connection. */
const lastAnswers = new WeakMap<Socket, ServerResponse>();

/** A request may be answered before its parser gives up on what still comes of it: a second answer would be taken for the next one's. */
function isAnswered(socket: Socket): boolean {
  const answer = lastAnswers.get(socket);
  return answer?.headersSent === true && !(answer.writableFinished && answer.req.complete);
}

/** What never became a request, or not a whole one: Node's parser gave up on it, and only the socket is left to answer on. */
function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (isAnswered(socket)) {
    socket.destroySoon();
    return;
  }
  const broken = BROKEN[error.code] ?? { status: 400, code: 'INVALID_HEADER', error: 'this is not an HTTP request' };
  const body = JSON.stringify(errorBody(broken.code, broken.error));
  socket.end(
    `HTTP/1.1 ${broken.status} ${STATUS_CODES[broken.status] ?? ''}\r\n` +
      `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
