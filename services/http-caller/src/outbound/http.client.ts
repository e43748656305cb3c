import { Readable } from 'node:stream';
import type { Clock, HeaderList } from '@stepwell/core';
import { isHeaderName, isHeaderValue } from '@stepwell/core';
import { Agent } from 'undici';
import type { DestinationPolicy } from './destination.policy';
import { guardedConnector } from './guarded.connector';
import type { Resolve } from './guarded.connector';
import type { OutboundRequest, RequestBody } from './http-attempt';
import type { ExchangeEnd } from './http.exchange';
import { HttpExchange } from './http.exchange';

/*
 * Sends one request over kept-alive connections (H1). Owns the sockets; doesn't own what is sent, nor how many at a time.
 *
 * 1. `send` never rejects: whatever happens is an outcome.
 * 2. The only clock is the total deadline: a call may be silent for hours and be well.
 * 3. Redirects are answers, not instructions.
 * 4. What the connection itself needs (length, host, framing) is ours; a stranger's header of that name is dropped.
 * 5. A process that stood still (stopped, starved, asleep with its machine) uses none of its idle connections any more: their ends may have
 *    been closed long ago, and what is sent on them is lost. An outage of ours is to cost nobody an attempt (B4).
 */

const USER_AGENT = 'Upstash-QStash';
/** Above this a body is written piece by piece instead of being joined (H4). */
const JOINED_UP_TO_BYTES = 1024 * 1024;
/** Node's servers close an idle connection after 5 s: be the first, a request on a dying connection is a lost attempt. */
const IDLE_CONNECTION_MS = 4_000;
/** Shorter than any server lets a connection be idle. */
const STOOD_STILL_MS = 1_000;
const LOOK_EVERY_MS = 250;

/** Hop-by-hop or written by the client library, which throws on some of them. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const BODILESS_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** What is sent as the body, and so what is signed: some methods have none, and what is small is one piece. */
export function bodyFor(method: string, body: RequestBody): RequestBody {
  if (BODILESS_METHODS.has(method)) return { ...body, pieces: [], sizeBytes: 0 };
  if (body.pieces.length <= 1 || body.sizeBytes > JOINED_UP_TO_BYTES) return body;
  return { ...body, pieces: [Buffer.concat(body.pieces, body.sizeBytes)] };
}

/** Whoever makes requests, as the senders see it. */
export interface OutboundClient {
  /** Never rejects: whatever happens is an outcome. */
  send(request: OutboundRequest): Promise<ExchangeEnd>;
  /** Cuts every connection. */
  destroy(): Promise<void>;
}

export interface HttpClientOptions {
  readonly connectionsPerOrigin: number;
  readonly connectTimeoutMs: number;
  readonly policy: DestinationPolicy;
  readonly clock: Clock;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

export class HttpClient implements OutboundClient {
  private agent: Agent;
  /** With requests under way on connections that are closed after them. */
  private readonly former = new Set<Agent>();
  private readonly clock: Clock;
  private movedAtMs: number;
  private stopLooking: () => void = () => undefined;

  constructor(private readonly options: HttpClientOptions) {
    this.clock = options.clock;
    this.movedAtMs = this.clock.monotonicMs();
    this.agent = this.newAgent();
    this.look();
  }

  send(request: OutboundRequest): Promise<ExchangeEnd> {
    const startedAt = this.notice();
    return new Promise((resolve) => {
      const exchange = new HttpExchange(
        request,
        () => Math.round(this.clock.monotonicMs() - startedAt),
        (end) => {
          cancelDeadline();
          request.body.sent?.();
          resolve(end);
        },
      );
      const cancelDeadline = this.clock.after(request.timeoutMs, () => {
        exchange.expire();
      });
      try {
        const { url, method, body } = request;
        this.agent.dispatch(
          {
            origin: url.origin,
            path: `${url.pathname}${url.search}`,
            method,
            headers: wireHeaders(request.headers, url, body),
            body: wireBody(body),
          },
          exchange,
        );
      } catch (error) {
        exchange.refuse(error);
      }
    });
  }

  async destroy(): Promise<void> {
    this.stopLooking();
    await Promise.all([this.agent, ...this.former].map((agent) => agent.destroy()));
  }

  private newAgent(): Agent {
    return new Agent({
      connect: guardedConnector(this.options),
      connections: this.options.connectionsPerOrigin,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS,
    });
  }

  private look(): void {
    this.notice();
    this.stopLooking = this.clock.after(LOOK_EVERY_MS, () => {
      this.look();
    });
  }

  /** Now; before anything else is done in it, it is seen whether this process stood still until now (rule 5). */
  private notice(): number {
    const nowMs = this.clock.monotonicMs();
    const stoodStill = nowMs - this.movedAtMs > STOOD_STILL_MS;
    this.movedAtMs = nowMs;
    if (stoodStill) this.leaveConnections();
    return nowMs;
  }

  private leaveConnections(): void {
    const { agent } = this;
    this.agent = this.newAgent();
    this.former.add(agent);
    void agent.close().then(() => this.former.delete(agent));
  }
}

function wireBody({ pieces, sizeBytes, sent }: RequestBody): Buffer | Readable | null {
  const [first] = pieces;
  if (first === undefined || sizeBytes === 0) return null;
  if (sizeBytes > JOINED_UP_TO_BYTES) {
    const stream = Readable.from(pieces, { objectMode: false });
    return sent === undefined ? stream : stream.once('close', sent);
  }
  return pieces.length === 1 ? Buffer.from(first.buffer, first.byteOffset, first.byteLength) : Buffer.concat(pieces);
}

function wireHeaders(given: HeaderList, url: URL, body: RequestBody): string[] {
  const headers: string[] = [];
  let hasUserAgent = false;
  let hasAuthorization = false;
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    if (OWN_HEADERS.has(key) || !isHeaderName(name) || !isHeaderValue(value)) continue;
    hasUserAgent ||= key === 'user-agent';
    hasAuthorization ||= key === 'authorization';
    headers.push(name, value);
  }
  if (!hasUserAgent) headers.push('user-agent', USER_AGENT);
  if (!hasAuthorization && (url.username !== '' || url.password !== '')) {
    headers.push('authorization', basicCredentials(url));
  }
  if (body.sizeBytes > JOINED_UP_TO_BYTES) headers.push('content-length', String(body.sizeBytes));
  return headers;
}

/** `http://user:password@host/` means basic credentials to every other HTTP client. */
function basicCredentials({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
