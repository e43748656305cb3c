import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of the event loop, each of which reads what has arrived. */
const TURNS = 3;

/**
 * Lets a server go without a client noticing, and in finite time.
 *
 * 1. Once it is leaving, every answer says that it is its connection's last: the client asks the next thing elsewhere. A connection
 *    that just ends after an answer was seen to take the next request with it, which was on its way already.
 * 2. Then what waits for nothing is ended. Node closes connections that are idle when a server closes; two kinds it leaves open: those
 *    that were opened ahead and never asked anything (browsers and HTTP clients do that), and those whose last request is answered
 *    after it, which it would keep alive for another one.
 */
export class ConnectionDrain {
  private readonly requests = new Map<Socket, number>();
  private readonly unanswered = new Set<ServerResponse>();
  private leaving = false;
  private draining = false;

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.requests.set(socket, 0);
      socket.once('close', () => this.requests.delete(socket));
    });
    // First of all: an answer may be given within the same turn.
    server.prependListener('request', ({ socket }, response) => {
      this.requests.set(socket, (this.requests.get(socket) ?? 0) + 1);
      this.unanswered.add(response);
      if (this.leaving) response.shouldKeepAlive = false;
      response.once('close', () => {
        this.unanswered.delete(response);
        this.answered(socket);
      });
    });
  }

  /** From now on no connection outlives its answer. */
  leave(): void {
    this.leaving = true;
    for (const response of this.unanswered) response.shouldKeepAlive = false;
  }

  /** Ends what waits for nothing, and the others after their answer. Resolves when that is begun. */
  async drain(): Promise<void> {
    this.leave();
    // What looks idle may have sent its next request already: it is read first.
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    this.draining = true;
    for (const [socket, open] of this.requests) if (open === 0) socket.destroy();
  }

  private answered(socket: Socket): void {
    const open = (this.requests.get(socket) ?? 1) - 1;
    // A request of a socket that is gone must not bring it back into the map.
    if (!socket.destroyed) this.requests.set(socket, open);
    if (this.draining && open === 0) socket.end();
  }
}
