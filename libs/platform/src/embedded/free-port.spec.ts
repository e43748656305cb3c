import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { assertFree, freePort } from './free-port';

describe('a free port', () => {
  it('is none that the system gives to connections', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
    expect(ports.filter((port) => port < 20_000 || port >= 32_000)).toEqual([]);
  });

  it('is not looked for at an address of another machine', async () => {
    await expect(freePort('192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('is none where somebody listens', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    await expect(assertFree(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((closed) => server.close(closed));
    await assertFree(port, '127.0.0.1');
  });
});
