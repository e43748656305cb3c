// deploy/nats/nats.conf, given to a real nats-server: it is a configuration, and its reader may read and do nothing else.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { resolveNatsServer } from '@stepwell/platform';
import { repositoryRoot } from '../house/workspaces';

const passwords = { stepwell: randomBytes(24).toString('hex'), reader: randomBytes(24).toString('hex') };
const environment = (own: typeof passwords) => ({
  ...process.env,
  NATS_SERVER_NAME: 'under-test',
  QUOTED_STEPWELL_PASSWORD: `"${own.stepwell}"`,
  QUOTED_READER_PASSWORD: `"${own.reader}"`,
});

let folder: string;
let binary: string;
let server: ChildProcess;
let port: number;

beforeAll(async () => {
  const found = await resolveNatsServer();
  if (found.kind !== 'binary') throw new Error('there is no nats-server to run');
  binary = found.path;
  folder = mkdtempSync(join(tmpdir(), 'stepwell-nats-conf-'));
  cpSync(join(repositoryRoot, 'deploy/nats/nats.conf'), join(folder, 'shipped.conf'));
  // Where it listens and stores is this test's; everything else is as shipped. What comes later wins.
  writeFileSync(
    join(folder, 'nats.conf'),
    `include 'shipped.conf'
    listen: '127.0.0.1:-1'
    http: '127.0.0.1:-1'
    ports_file_dir: '${folder}/ports'
    jetstream { store_dir: '${folder}/data' }`,
  );
  mkdirSync(join(folder, 'ports'));
  server = spawn(binary, ['--config', join(folder, 'nats.conf')], { env: environment(passwords), stdio: 'ignore' });
  port = await portOf(join(folder, 'ports'));
});

afterAll(async () => {
  server.kill('SIGKILL');
  if (server.exitCode === null && server.signalCode === null) await once(server, 'close');
  rmSync(folder, { recursive: true, force: true });
});

async function portOf(portsFolder: string): Promise<number> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`nats-server ended with ${server.exitCode}`);
    const [file] = existsSync(portsFolder) ? readdirSync(portsFolder) : [];
    const text = file === undefined ? '' : readFileSync(join(portsFolder, file), 'utf8');
    const found = /"nats":\s*\[\s*"nats:\/\/[^"]*:(\d+)"/.exec(text);
    if (found) return Number(found[1]);
    await pause(20);
  }
}

/** Says one line as a user, then asks for a sign of life; what the server answers, its greeting aside. */
async function say(user: string, pass: string, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    if (/PONG|-ERR/.test(heard)) socket.end();
  });
  socket.write(`CONNECT ${JSON.stringify({ user, pass, verbose: false, pedantic: false })}\r\n${line}\r\nPING\r\n`);
  await once(socket, 'close');
  return heard.slice(heard.indexOf('\r\n') + 2).trim();
}

test.each([
  ['stepwell', 'SUB stepwell.ask.> 1', 'PONG'],
  ['stepwell', 'PUB $JS.API.STREAM.CREATE.ANY 0\r\n', 'PONG'],
  ['reader', 'SUB stepwell.runs.> 1', 'PONG'],
  ['reader', 'SUB _INBOX_reader.> 1', 'PONG'],
  ['reader', 'PUB $JS.API.CONSUMER.CREATE.STEPWELL_RUNS.mine 0\r\n', 'PONG'],
  ['reader', 'PUB $JS.ACK.STEPWELL_RUNS.mine.1.1.1.1.0 0\r\n', 'PONG'],
  ['reader', 'SUB stepwell.ask.> 1', 'Permissions Violation'],
  ['reader', 'SUB stepwell.> 1', 'Permissions Violation'],
  ['reader', 'SUB _INBOX.> 1', 'Permissions Violation'],
  ['reader', 'PUB stepwell.runs.completed.x 0\r\n', 'Permissions Violation'],
  ['reader', 'PUB $JS.API.STREAM.DELETE.STEPWELL_RUNS 0\r\n', 'Permissions Violation'],
  ['reader', 'PUB $JS.API.CONSUMER.CREATE.OTHER.mine 0\r\n', 'Permissions Violation'],
] as const)('%s: %s → %s', async (user, line, answer) => {
  expect(await say(user, passwords[user], line)).toContain(answer);
});

test('nobody comes in with another password, or none', async () => {
  expect(await say('stepwell', 'wrong', '')).toContain('Authorization Violation');
  expect(await say('', '', '')).toContain('Authorization Violation');
});

test('it keeps streams, in the folder that is a volume', async () => {
  const text = readFileSync(join(folder, 'shipped.conf'), 'utf8');
  expect(text).toMatch(/^\s*store_dir: \/data$/m);
  expect(await say('stepwell', passwords.stepwell, 'SUB _INBOX.x 1\r\nPUB $JS.API.INFO _INBOX.x 0\r\n')).toBeDefined();
});

// Without the quotes, one in seven of them stops the server.
test('every password that the example’s command makes is read as text', () => {
  for (const password of ['1e5'.padEnd(48, '0'), '12k'.padEnd(48, 'a'), ...Array.from({ length: 20 }, random)]) {
    const { status, stderr } = spawnSync(binary, ['--config', join(folder, 'nats.conf'), '-t'], {
      env: environment({ stepwell: password, reader: password }),
      encoding: 'utf8',
    });
    expect({ password, status, stderr }).toMatchObject({ status: 0 });
  }
});

const random = () => randomBytes(24).toString('hex');
