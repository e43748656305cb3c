import { createServer, type Server, type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { createFaultProxy, type FaultProxy } from './fault-proxy';
import { freePort } from '@stepwell/platform';

/** A client's connection, with what it has heard so far. */
class Client {
  readonly socket: Socket;
  heard = '';
  error: string | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (data) => (this.heard += data.toString()));
    this.socket.on('error', (error) => (this.error = 'code' in error ? String(error.code) : error.message));
  }

  async untilHeard(text: string): Promise<void> {
    while (!this.heard.includes(text)) await once(this.socket, 'data');
  }

  async untilClosed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close').catch(() => undefined);
  }
}

describe('the fault proxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  const atServer = new Set<Socket>();
  let arrived = '';

  beforeEach(async () => {
    arrived = '';
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      atServer.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => atServer.delete(socket));
      socket.on('data', (data) => {
        arrived += data.toString();
        socket.write(data);
      });
      socket.once('end', () => socket.end('bye'));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => echo.listen(port, '127.0.0.1', resolve));
    proxy = await createFaultProxy({ port });
  });
  afterEach(async () => {
    await proxy.close();
    for (const socket of atServer) socket.destroy();
    await new Promise((resolve) => echo.close(resolve));
  });

  const exchanging = async (text: string): Promise<Client> => {
    const client = new Client(proxy.port);
    client.socket.write(text);
    await client.untilHeard(text);
    return client;
  };
  const untilArrived = async (text: string): Promise<void> => {
    while (!arrived.includes(text)) await new Promise(setImmediate);
  };

  it('passes everything on, in order, and the end of either side', async () => {
    const client = await exchanging('one');
    const big = 'x'.repeat(3_000_000);
    client.socket.write(big);
    client.socket.end('end');
    await client.untilClosed();
    expect(client.heard).toBe(`one${big}endbye`);
    expect(client.error).toBeUndefined();
  });

  it('cut: resets what is open and what comes, until it resumes', async () => {
    const client = await exchanging('one');
    proxy.cut();
    await client.untilClosed();
    expect(client.error).toBe('ECONNRESET');
    const late = new Client(proxy.port);
    await late.untilClosed();
    expect(late.error).toBe('ECONNRESET');
    expect(late.heard).toBe('');
    proxy.resume();
    await exchanging('two');
  });

  it('hold: keeps everything back and loses nothing', async () => {
    const client = await exchanging('one');
    proxy.hold();
    client.socket.write('two');
    const late = new Client(proxy.port);
    await once(late.socket, 'connect');
    late.socket.write('three');
    while (proxy.connections < 2) await new Promise(setImmediate);
    expect(arrived).toBe('one');
    proxy.resume();
    await client.untilHeard('onetwo');
    await late.untilHeard('three');
  });

  it('hold answers: the request is done and nobody hears of it', async () => {
    const client = await exchanging('one');
    proxy.hold('answers');
    client.socket.write('two');
    await untilArrived('two');
    expect(client.heard).toBe('one');
    proxy.cut();
    await client.untilClosed();
    expect(client.heard).toBe('one');
  });

  it('delay: both ways, and keeps the order when it ends', async () => {
    const client = await exchanging('one');
    proxy.delay(60);
    const startedAtMs = performance.now();
    client.socket.write('two');
    await client.untilHeard('two');
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(119);
    client.socket.write('three');
    proxy.delay(60_000);
    client.socket.write('four');
    proxy.resume();
    client.socket.write('five');
    await client.untilHeard('five');
    expect(client.heard).toBe('onetwothreefourfive');
  });

  it('half-open: the server is gone and the client notices nothing until it resumes', async () => {
    const client = await exchanging('one');
    proxy.halfOpen();
    while (atServer.size > 0) await new Promise(setImmediate);
    const late = new Client(proxy.port);
    await once(late.socket, 'connect');
    client.socket.write('two');
    late.socket.write('three');
    while (proxy.connections < 2) await new Promise(setImmediate);
    expect([client.socket.closed, late.socket.closed, arrived]).toEqual([false, false, 'one']);
    proxy.resume();
    await Promise.all([client.untilClosed(), late.untilClosed()]);
    expect([client.error, late.error]).toEqual(['ECONNRESET', 'ECONNRESET']);
    await exchanging('four');
  });

  it('shows a server that is not there', async () => {
    const orphan = await createFaultProxy({ port: await freePort() });
    const client = new Client(orphan.port);
    await client.untilClosed();
    expect(client.error).toBe('ECONNRESET');
    await orphan.close();
  });
});
