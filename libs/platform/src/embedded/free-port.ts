import { createServer } from 'node:net';
import { hasErrorCode } from './system-error';

/*
 * Below what Linux, macOS and Windows give to whoever asks for any port: a port that the system chose is given to the next connection
 * out as soon as it is let go of, before who wanted it has come to listen.
 */
const FIRST = 20_000;
const COUNT = 12_000;
const TRIES = 100;

/**
 * A port that nobody listens on now, for a server that can't choose one itself: others must know it before it is there.
 * @param host an address of this machine
 * @throws Error when none can be had, or when the host is none of ours
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let left = TRIES; ; left -= 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      await assertFree(port, host);
      return port;
    } catch (error) {
      if (left === 1 || !hasErrorCode(error, 'EADDRINUSE')) throw error;
    }
  }
}

/**
 * Listens there for a moment.
 * @throws what kept it from that: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`
 */
export async function assertFree(port: number, host: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host, listening);
  });
  await new Promise((closed) => server.close(closed));
}
