/**
 * A TCP proxy on loopback that fails on command, for tests of everything that talks to a server.
 *
 * Owns: bytes between one client side and one server side, in order, none lost while it doesn't cut. Knows no protocol.
 *
 * `cut`       every connection is reset, and new ones are, until `resume`.
 * `hold`      bytes are kept back until `resume`, one way or both: `answers` alone makes unknown outcomes.
 * `delay`     each chunk arrives so much later, until `resume` or another `delay`.
 * `halfOpen`  the server's side is closed while the client's stays open in silence, as after a pulled cable; new connections
 *             are accepted and silent too. `resume` resets them all.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'requests' | 'answers' | 'both';

export interface FaultProxy {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Connections that clients have open at the moment, silent ones included. */
  readonly connections: number;
  cut(): void;
  hold(direction?: Direction): void;
  delay(delayMs: number): void;
  halfOpen(): void;
  resume(): void;
  /** Resets what is open and stops listening. */
  close(): Promise<void>;
}

type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'hold'; readonly direction: Direction }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'half-open' };

export interface ProxyTarget {
  readonly host?: string;
  readonly port: number;
}

export async function createFaultProxy(target: ProxyTarget): Promise<FaultProxy> {
  let fault: Fault = { kind: 'none' };
  const links = new Set<Link>();
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (fault.kind === 'cut') {
      reset(client.on('error', () => undefined));
      return;
    }
    const link = new Link(client, target, () => fault);
    links.add(link);
    client.once('close', () => links.delete(link));
  });
  const port = await listen(listener);
  const change = (to: Fault): void => {
    fault = to;
    for (const link of links) link.faultChanged();
  };
  return {
    host: '127.0.0.1',
    port,
    get connections() {
      return links.size;
    },
    cut: () => {
      change({ kind: 'cut' });
    },
    hold: (direction = 'both') => {
      change({ kind: 'hold', direction });
    },
    delay: (delayMs) => {
      change({ kind: 'delay', delayMs });
    },
    halfOpen: () => {
      change({ kind: 'half-open' });
    },
    resume: () => {
      change({ kind: 'none' });
    },
    close: () =>
      new Promise((resolve) => {
        change({ kind: 'cut' });
        listener.close(() => {
          resolve();
        });
      }),
  };
}

/** One client connection and its counterpart at the server. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket | undefined;
  readonly #lanes: readonly Lane[];
  readonly #fault: () => Fault;

  constructor(client: Socket, target: ProxyTarget, fault: () => Fault) {
    this.#client = client;
    this.#fault = fault;
    client.on('error', () => undefined);
    if (fault().kind === 'half-open') {
      this.#lanes = [];
      client.resume();
      return;
    }
    const server = connect({ host: target.host ?? '127.0.0.1', port: target.port, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    this.#lanes = [new Lane('requests', client, server, fault), new Lane('answers', server, client, fault)];
    server.on('error', () => undefined);
    server.once('close', (hadError) => {
      // A server that refuses or resets is seen as such, unless this side is meant to notice nothing.
      if (hadError && fault().kind !== 'half-open') reset(client);
    });
    client.once('close', (hadError) => {
      if (hadError || !server.writableEnded) reset(server);
    });
  }

  faultChanged(): void {
    const fault = this.#fault();
    const dead = this.#server === undefined || this.#server.destroyed;
    if (fault.kind === 'cut' || (dead && fault.kind !== 'half-open')) {
      if (this.#server) reset(this.#server);
      reset(this.#client);
    } else if (fault.kind === 'half-open') {
      for (const lane of this.#lanes) lane.discard();
      this.#server?.destroy();
      this.#client.resume();
    } else {
      for (const lane of this.#lanes) lane.pump();
    }
  }
}

/** What has been ended can't be reset any more: Node would destroy it and keep its handle, and with that the process, for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

interface Parcel {
  /** `undefined`: the sender has finished. */
  readonly chunk: Buffer | undefined;
  readonly arrivedAtMs: number;
}

/** One direction of a link: a queue between two sockets. */
class Lane {
  readonly #direction: 'requests' | 'answers';
  readonly #to: Socket;
  readonly #fault: () => Fault;
  readonly #queue: Parcel[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(direction: 'requests' | 'answers', from: Socket, to: Socket, fault: () => Fault) {
    this.#direction = direction;
    this.#to = to;
    this.#fault = fault;
    const take = (chunk: Buffer | undefined): void => {
      if (this.#closed) return;
      this.#queue.push({ chunk, arrivedAtMs: performance.now() });
      this.pump();
    };
    from.on('data', take);
    from.once('end', () => {
      take(undefined);
    });
    to.once('close', () => {
      this.discard();
    });
  }

  /** Passes on what the fault of the moment lets through. */
  pump(): void {
    clearTimeout(this.#timer);
    for (let next = this.#queue[0]; next !== undefined && !this.#closed; next = this.#queue[0]) {
      const waitMs = this.#waitMs(next);
      if (waitMs > 0) {
        if (Number.isFinite(waitMs)) {
          this.#timer = setTimeout(() => {
            this.pump();
          }, waitMs);
        }
        return;
      }
      this.#queue.shift();
      if (next.chunk === undefined) this.#to.end();
      else this.#to.write(next.chunk);
    }
  }

  discard(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #waitMs({ arrivedAtMs }: Parcel): number {
    const fault = this.#fault();
    switch (fault.kind) {
      case 'none':
        return 0;
      case 'delay':
        return Math.ceil(arrivedAtMs + fault.delayMs - performance.now());
      case 'hold':
        return fault.direction === 'both' || fault.direction === this.#direction ? Infinity : 0;
      case 'cut':
      case 'half-open':
        return Infinity;
    }
  }
}

function listen(listener: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      if (address === null || typeof address === 'string') reject(new Error('A TCP server without a port'));
      else resolve(address.port);
    });
  });
}
