import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FleetMember } from '../service-fleet';

const LOOK_EVERY_MS = 100;
const GETS_AROUND_MS = 250;

interface Backend {
  readonly member: FleetMember;
  readonly port: number;
  isReady: boolean;
}

/**
 * What a Service of Kubernetes is to its pods: new connections go in turn to those that are ready; what is open stays where it is,
 * until either side ends it.
 */
export class ReadyFront {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly looking: NodeJS.Timeout;
  private backends: Backend[] = [];
  private turn = 0;
  /** Connections that came when nobody was ready. */
  refused = 0;

  private constructor() {
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      this.pass(client);
    });
    this.looking = setInterval(() => {
      for (const backend of this.backends) void this.look(backend);
    }, LOOK_EVERY_MS);
  }

  static async start(): Promise<ReadyFront> {
    const front = new ReadyFront();
    await new Promise<void>((listening, failed) => {
      front.server.once('error', failed).listen(0, '127.0.0.1', listening);
    });
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when it gets connections. */
  async add(member: FleetMember, port: number): Promise<void> {
    const backend: Backend = { member, port, isReady: false };
    this.backends.push(backend);
    await member.ready();
    await this.look(backend);
  }

  /** It has been told to end: no new connections, as soon as that has got around. */
  leave(member: FleetMember): void {
    setTimeout(() => {
      this.backends = this.backends.filter((each) => each.member !== member);
    }, GETS_AROUND_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.looking);
    const closed = new Promise((done) => this.server.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private async look(backend: Backend): Promise<void> {
    const { probeUrl } = backend.member;
    const answer = await fetch(`${probeUrl ?? ''}/health/ready`).catch(() => undefined);
    await answer?.body?.cancel();
    backend.isReady = answer?.ok === true;
  }

  private pass(client: Socket): void {
    const ready = this.backends.filter(({ isReady }) => isReady);
    this.turn += 1;
    const backend = ready[this.turn % Math.max(1, ready.length)];
    if (backend === undefined) {
      this.refused += 1;
      client.destroy();
      return;
    }
    const server = connect({ port: backend.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
