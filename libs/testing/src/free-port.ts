import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that nobody listens on now. Another process may take it before its use: where the server can choose
 * its port itself (0), let it.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('A TCP server without a port'));
        else resolve(address.port);
      });
    });
  });
}
