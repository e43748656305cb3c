import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { startMongod } from './mongod.server';
import { type EmbeddedNats, startNatsServer } from './nats.server';
import { isAlive } from './process-identity';
import { resolveMongod, resolveNatsServer } from './server-binaries';
import { startSupervised } from './supervised-process';

const DOWNLOAD_LIMIT_MS = 600_000;
const passwords = { stepwell: 'secret-of-stepwell', reader: 'secret-of-reader' };
const ensureReplicaSet = (): Promise<void> => Promise.resolve();

let folder: string;
let natsBinary: string;
let mongodBinary: string;

beforeAll(async () => {
  const binaryOf = (found: Awaited<ReturnType<typeof resolveMongod>>): string =>
    found.kind === 'binary' ? found.path : '';
  natsBinary = binaryOf(await resolveNatsServer());
  mongodBinary = binaryOf(await resolveMongod());
}, DOWNLOAD_LIMIT_MS);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-embedded-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a server and those it depends on', () => {
  let parent: ChildProcess | undefined;
  afterEach(() => parent?.kill('SIGKILL'));

  const startParent = async (start: string, options: object) => {
    parent = spawn(process.execPath, [join(__dirname, 'parent-process.fixture.cjs'), start, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return firstLine(parent);
  };

  it.each(['startNatsServer', 'startMongod'])('%s: kill -9 of the parent leaves nothing behind', async (start) => {
    const binary = start === 'startMongod' ? mongodBinary : natsBinary;
    const { pid, supervisorPid } = await startParent(start, { binary, dataDir: folder, passwords });
    expect([isAlive(pid), isAlive(supervisorPid)]).toEqual([true, true]);
    parent?.kill('SIGKILL');
    await untilGone(pid, supervisorPid);
  });

  it('is ended by the parent when its supervisor is killed', async () => {
    const server = await startNatsServer({ binary: natsBinary, dataDir: folder, passwords });
    process.kill(server.supervisorPid, 'SIGKILL');
    expect(await server.exited).toEqual({ code: null, signal: null, requested: false });
    expect(isAlive(server.pid)).toBe(false);
  });

  it('is bound to another life when it is given a lifeline, and takes its folder along', async () => {
    const holders: Socket[] = [];
    const lifeline = join(folder, 'lifeline');
    const listener = createServer({ allowHalfOpen: true }, (socket) => holders.push(socket.resume()));
    await new Promise<void>((resolve) => listener.listen(lifeline, resolve));
    const dataDir = join(folder, 'data');
    const bounds = { lifeline, removeAfterwards: dataDir };
    const server = await startNatsServer({ binary: natsBinary, dataDir, passwords, ...bounds });
    await until(() => holders.length > 0);
    const [holder] = holders;
    holder?.end();
    expect(await server.exited).toMatchObject({ requested: false });
    expect(existsSync(dataDir)).toBe(false);
    listener.close();
  });

  it('is killed when it does not end within the grace', async () => {
    const script = `process.on('SIGTERM', () => console.error('not me')); setInterval(() => {}, 1000); console.error('up');`;
    const logFile = join(folder, 'log');
    const stubborn = await startSupervised({
      command: process.execPath,
      args: ['-e', script],
      logFile,
      graceMs: 200,
    });
    await until(() => statSync(logFile).size > 0);
    expect(await stubborn.stop()).toEqual({ code: null, signal: 'SIGKILL', requested: true });
  });

  it('fails clearly when the command cannot be run', async () => {
    const start = startSupervised({ command: join(folder, 'nothing'), args: [], logFile: join(folder, 'log') });
    await expect(start).rejects.toThrow(/nothing could not be started: spawn .*ENOENT/);
  });
});

describe('an embedded nats-server', () => {
  let server: EmbeddedNats;
  beforeEach(async () => {
    server = await startNatsServer({ binary: natsBinary, dataDir: folder, passwords });
  });
  afterEach(() => server.stop());

  it('starts again on the port it had', async () => {
    const { port } = server;
    expect(await server.stop()).toMatchObject({ requested: true });
    server = await startNatsServer({ binary: natsBinary, dataDir: folder, passwords, port });
    expect(server.port).toBe(port);
    expect(server.url).toBe(`nats://127.0.0.1:${String(port)}`);
  });

  it('tells what it counts when it shall, and nobody otherwise', async () => {
    expect(server.monitorUrl).toBeUndefined();
    await server.stop();
    server = await startNatsServer({ binary: natsBinary, dataDir: folder, passwords, isMonitored: true });
    const counts: unknown = await (await fetch(`${server.monitorUrl ?? ''}/varz`)).json();
    expect(counts).toMatchObject({ in_msgs: expect.any(Number), out_msgs: expect.any(Number) });
  });

  it('keeps its passwords from other users of the machine', () => {
    expect(statSync(join(folder, 'nats.conf')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['stepwell', 'wrong', 'SUB any 1', 'Authorization Violation'],
    ['reader', passwords.reader, 'SUB _INBOX.> 1', 'Permissions Violation'],
    ['reader', passwords.reader, 'SUB stepwell.ask.> 1', 'Permissions Violation'],
    ['reader', passwords.reader, 'PUB stepwell.runs.completed.x 0\r\n', 'Permissions Violation'],
    ['reader', passwords.reader, 'PUB $JS.API.STREAM.DELETE.STEPWELL_RUNS 0\r\n', 'Permissions Violation'],
    ['reader', passwords.reader, 'PUB $JS.API.CONSUMER.CREATE.OTHER.mine 0\r\n', 'Permissions Violation'],
    ['reader', passwords.reader, 'PUB $JS.API.CONSUMER.CREATE.STEPWELL_RUNS.mine 0\r\n', 'PONG'],
    ['reader', passwords.reader, 'PUB $JS.ACK.STEPWELL_RUNS.mine.1.1.1.1.0 0\r\n', 'PONG'],
    ['reader', passwords.reader, 'SUB stepwell.runs.> 1', 'PONG'],
    ['reader', passwords.reader, 'SUB _INBOX_reader.> 1', 'PONG'],
    ['stepwell', passwords.stepwell, 'SUB _INBOX.> 1', 'PONG'],
  ])('answers %s (%s) to %j with %s', async (user, pass, command, answer) => {
    expect(await say(server.port, user, pass, command)).toContain(answer);
  });

  it('tells why it could not start', async () => {
    const other = mkdtempSync(join(folder, 'other-'));
    const start = startNatsServer({ binary: natsBinary, dataDir: other, passwords, port: server.port });
    await expect(start).rejects.toThrow(/ended at once[^]*address already in use/);
  });
});

describe('an embedded mongod', () => {
  it('refuses a folder that another one uses, by name', async () => {
    const first = await startMongod({ binary: mongodBinary, dataDir: folder, ensureReplicaSet });
    const second = startMongod({ binary: mongodBinary, dataDir: folder, ensureReplicaSet });
    await expect(second).rejects.toThrow(`Another mongod is running on ${join(folder, 'db')}`);
    await expect(second).rejects.toMatchObject({ code: 'SERVER_START_FAILED', exitCode: 100 });
    await first.stop();
  });

  it('is ended when it cannot be made primary', async () => {
    let port = 0;
    const start = startMongod({
      binary: mongodBinary,
      dataDir: folder,
      ensureReplicaSet: (mine) => {
        port = mine;
        return Promise.reject(new Error('no primary'));
      },
    });
    await expect(start).rejects.toThrow('no primary');
    await expect(say(port, 'x', 'x', '')).rejects.toThrow('ECONNREFUSED');
  });
});

async function firstLine(process: ChildProcess): Promise<{ pid: number; supervisorPid: number }> {
  const [line] = (await once(createInterface({ input: process.stdout as Readable }), 'line')) as [string];
  return JSON.parse(line) as { pid: number; supervisorPid: number };
}

async function untilGone(...pids: number[]): Promise<void> {
  await until(() => pids.every((pid) => !isAlive(pid)));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

/** Logs in and says one thing in NATS's own protocol; what the server answers up to its PONG or its good-bye. */
function say(port: number, user: string, pass: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const login = JSON.stringify({ user, pass, verbose: false });
    const socket = connect({ port, host: '127.0.0.1' }, () =>
      socket.write(`CONNECT ${login}\r\n${command}\r\nPING\r\n`),
    );
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
      if (answer.includes('PONG')) socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      resolve(answer);
    });
  });
}
