import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionOptions, NatsConnection } from 'nats';
import { connect, credsAuthenticator, ErrorCode, Events, NatsError } from 'nats';
import type { BusLog } from '../driver/bus-driver';
import { SILENT_LOG } from '../driver/bus-driver';
import type { NatsLinkOptions } from './nats.options';
import { ReplyMux } from './reply-mux';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;
const DIAL_TIMEOUT_MS = 5_000;
const FLUSH_TIMEOUT_MS = 2_000;
/** A dead peer is noticed after two unanswered pings. */
const PING_MS = 10_000;

/** What is shared by everything that speaks over one connection, which is kept up for ever once it was there. */
export class NatsLink {
  readonly mux: ReplyMux;
  private readonly reconnectListeners = new Set<() => void>();
  private connected = true;

  private constructor(
    readonly connection: NatsConnection,
    readonly log: BusLog,
  ) {
    this.mux = new ReplyMux(connection, this);
    void this.watch();
  }

  /** Waits until there is a server, and says so while it waits. @throws when it refuses our credentials, or `signal`'s reason. */
  static async open(options: NatsLinkOptions): Promise<NatsLink> {
    const { log = SILENT_LOG, signal } = options;
    const url = Array.isArray(options.url) ? options.url.join(', ') : options.url;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      signal?.throwIfAborted();
      try {
        const link = new NatsLink(await connect(connectionOptions(options)), log);
        log.info({ url, server: link.serverId() }, 'connected to NATS');
        return link;
      } catch (error) {
        if (isRefusal(error)) throw error;
        log.warn({ url, retryMs, reason: describe(error) }, 'waiting for NATS');
        await delay(retryMs, undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  isConnected(): boolean {
    return this.connected && !this.connection.isClosed();
  }

  serverId(): string {
    return this.connection.info?.server_id ?? '';
  }

  onReconnect(listener: () => void): void {
    this.reconnectListeners.add(listener);
  }

  /** Nothing is published on a lost connection: whoever waits for the effect of it notices and does it again. */
  publish(subject: string, data: Uint8Array): void {
    if (this.isConnected()) this.connection.publish(subject, data);
  }

  /** Resolves when the server has seen all before it, or can't any more: subscriptions are renewed on a new connection anyway. */
  async flushed(): Promise<void> {
    if (!this.isConnected()) return;
    const flush = this.connection.flush().catch(() => undefined);
    const stop = new AbortController();
    await Promise.race([flush, delay(FLUSH_TIMEOUT_MS, undefined, { ref: false, signal: stop.signal })]);
    stop.abort();
  }

  async close(): Promise<void> {
    await this.flushed();
    await this.abandon();
  }

  /** Ends the connection without a word. */
  async abandon(): Promise<void> {
    this.connected = false;
    if (!this.connection.isClosed()) this.mux.close();
    await this.connection.close();
  }

  private async watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === Events.Disconnect) {
        this.connected = false;
        this.mux.abandonAll();
        this.log.warn({}, 'lost the connection to NATS');
      } else if (type === Events.Reconnect && !this.connection.isClosed()) {
        this.connected = true;
        this.log.info({ server: this.serverId() }, 'connected to NATS again');
        for (const listener of this.reconnectListeners) listener();
      }
    }
  }
}

function connectionOptions({ url, user, pass, token, creds, name }: NatsLinkOptions): ConnectionOptions {
  return {
    servers: typeof url === 'string' ? url : [...url],
    name,
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
    ...(creds === undefined ? {} : { authenticator: credsAuthenticator(new TextEncoder().encode(creds)) }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    timeout: DIAL_TIMEOUT_MS,
    pingInterval: PING_MS,
  };
}

const REFUSALS: readonly string[] = [ErrorCode.AuthorizationViolation, ErrorCode.BadCreds, ErrorCode.BadAuthentication];

const isRefusal = (error: unknown): boolean => error instanceof NatsError && REFUSALS.includes(error.code);

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
