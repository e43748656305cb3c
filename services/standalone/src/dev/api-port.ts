import { assertFree, freePort, hasErrorCode } from '@stepwell/platform';

/**
 * Makes sure that the API can be served there, before anything is started: a gateway that finds its port taken would be started again
 * and again, and whoever holds the port might be taken for it.
 * @param wanted 0 takes any free one
 * @throws Error that says what to do
 */
export async function apiPort(wanted: number, host: string): Promise<number> {
  try {
    if (wanted === 0) return await freePort(host);
    await assertFree(wanted, host);
    return wanted;
  } catch (error) {
    const why = hasErrorCode(error, 'EADDRINUSE')
      ? 'is in use: stop what uses it, or'
      : `cannot be used (${String(error)}):`;
    throw new Error(`Port ${wanted} of ${host} ${why} choose another one with --port.`, { cause: error });
  }
}
