import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * Makes sure that the API can be served there, before anything is started: a gateway that finds its port taken would be started again
 * and again, and whoever holds the port might be taken for it.
 * @param wanted 0 takes any free one
 * @throws Error that says what to do
 */
export async function apiPort(wanted: number, host: string): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(wanted, host, listening);
    });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : undefined;
    const why = reason === 'EADDRINUSE' ? 'is in use: stop what uses it, or' : `cannot be used (${String(error)}):`;
    throw new Error(`Port ${wanted} of ${host} ${why} choose another one with --port.`, { cause: error });
  }
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
