import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Lets a server that closes end in finite time. Node closes connections that are idle at that moment; two kinds it leaves open:
 * those that were opened ahead and never asked anything (browsers and HTTP clients do that), and those whose last request is
 * answered after it, which it would keep alive for another one.
 */
export class ConnectionDrain {
  private readonly requests = new Map<Socket, number>();
  private draining = false;

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.requests.set(socket, 0);
      socket.once('close', () => this.requests.delete(socket));
    });
    server.on('request', ({ socket }, response) => {
      this.requests.set(socket, (this.requests.get(socket) ?? 0) + 1);
      response.once('close', () => {
        this.answered(socket);
      });
    });
  }

  /** Ends what waits for nothing now, and the others after their answer. */
  drain(): void {
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
