import { createServer } from 'node:net';

/** Below those that systems give to whoever asks for any: what is free here stays so until it is wanted, and between two lives. */
const FIRST = 20_000;
const LAST = 30_000;

/** A port of loopback for a service that is started again and again. */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
