import { connect } from 'node:net';
import { useNatsServer, useOwnNatsServer } from './nats-under-test';

describe('a NATS account per test', () => {
  const nats = useNatsServer();
  const seen = new Set<string>();

  it.each([1, 2])('is one that no other test has (%i)', async () => {
    const account = `${nats.servers} ${nats.user}`;
    expect(seen).not.toContain(account);
    seen.add(account);
    expect(await greeting(Number(new URL(nats.servers).port))).toMatch(/^INFO \{/);
  });
});

describe('outside of its scope', () => {
  const nats = useNatsServer();
  const readTooEarly = (): string => nats.user;
  it('throws when it is read before the test', () => {
    expect(readTooEarly()).toMatch(/^test\d+$/);
  });
  expect(readTooEarly).toThrow('only there inside a test');
});

describe('a nats-server of its own', () => {
  const nats = useOwnNatsServer();

  it.each([
    { signal: 'SIGTERM', port: 'same' },
    { signal: 'SIGKILL', port: 'other' },
  ] as const)('is restarted after $signal on the $port port', async (how) => {
    const before = { pid: nats.server.pid, port: nats.server.port };
    await nats.restart(how);
    expect(nats.server.pid).not.toBe(before.pid);
    expect(nats.server.port === before.port).toBe(how.port === 'same');
    expect(await greeting(nats.server.port)).toMatch(/^INFO \{.*"auth_required":true/);
  });
});

function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
}
