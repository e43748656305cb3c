import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { untilReady } from './ready';

describe('untilReady', () => {
  it('asks again what was refused, and what is not answered', async () => {
    let questions = 0;
    const server = createServer((_, response) => {
      questions += 1;
      if (questions === 1) response.writeHead(503).end();
      if (questions > 2) response.end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    expect(await untilReady(`http://127.0.0.1:${port}`, 'token', new AbortController().signal, 100)).toBe(true);
    expect(questions).toBe(3);
    await new Promise((closed) => server.close(closed));
  });

  it('ends when it is told to, also between question and answer', async () => {
    const stopping = new AbortController();
    const server = createServer(() => {
      stopping.abort();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    expect(await untilReady(`http://127.0.0.1:${port}`, 'token', stopping.signal)).toBe(false);
    await new Promise((closed) => server.close(closed));
  });
});
