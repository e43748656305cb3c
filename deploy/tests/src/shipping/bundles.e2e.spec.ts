// What an image holds: one file per service, put into an empty folder, without node_modules, with nothing of this checkout.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureReplicaSetOfOne } from '@stepwell/event-store';
import { freePort } from '@stepwell/platform';
import { useMongod, useNatsServer } from '@stepwell/testing';
import { repositoryRoot } from '../house/workspaces';

const services = ['gateway', 'run-state', 'scheduler', 'http-caller', 'event-notifier', 'standalone'];
const nats = useNatsServer({ per: 'describe' });
const mongod = useMongod(ensureReplicaSetOfOne, { per: 'describe' });

let bundles: string;

interface Started {
  readonly process: ChildProcess;
  readonly metricsUrl: string;
  readonly apiUrl: string;
  output(): string;
}
const started: Started[] = [];

beforeAll(() => {
  bundles = mkdtempSync(join(tmpdir(), 'stepwell-bundles-'));
  const made = spawnSync(process.execPath, [join(repositoryRoot, 'deploy/bundle/bundle.mjs'), '--outdir', bundles], {
    encoding: 'utf8',
  });
  expect({ status: made.status, stderr: made.stderr }).toEqual({ status: 0, stderr: '' });
}, 120_000);

afterEach(async () => {
  for (const { process: child } of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

afterAll(() => rmSync(bundles, { recursive: true, force: true }));

async function start(service: string, ...args: string[]): Promise<Started> {
  const folder = mkdtempSync(join(bundles, `empty-${service}-`));
  cpSync(join(bundles, service, 'main.js'), join(folder, 'main.js'));
  const [metricsPort, apiPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, ['main.js', ...args], {
    cwd: folder,
    // Only what a container would be told: neither a module path nor a setting of this process gets in.
    env: {
      PATH: process.env['PATH'],
      STEPWELL_NATS_URL: nats.servers,
      STEPWELL_NATS_USER: nats.user,
      STEPWELL_NATS_PASSWORD: nats.pass,
      STEPWELL_MONGODB_URI: mongod.uri,
      STEPWELL_MONGODB_DATABASE: mongod.databaseName,
      STEPWELL_AUTH_TOKENS: 'a-token-of-sixteen-or-more',
      STEPWELL_SIGNING_CURRENT_KEY: 'sig_current',
      STEPWELL_SIGNING_NEXT_KEY: 'sig_next',
      STEPWELL_METRICS_HOST: '127.0.0.1',
      STEPWELL_METRICS_PORT: String(metricsPort),
      STEPWELL_GATEWAY_HOST: '127.0.0.1',
      STEPWELL_GATEWAY_PORT: String(apiPort),
      STEPWELL_SHUTDOWN_DELAY: '0s',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const one = {
    process: child,
    metricsUrl: `http://127.0.0.1:${String(metricsPort)}`,
    apiUrl: `http://127.0.0.1:${String(apiPort)}`,
    output: () => output,
  };
  started.push(one);
  return one;
}

async function untilReady(one: Started): Promise<void> {
  for (;;) {
    if (one.process.exitCode !== null) throw new Error(`ended with ${String(one.process.exitCode)}:\n${one.output()}`);
    const answer = await fetch(`${one.metricsUrl}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(50);
  }
}

async function end(one: Started): Promise<number | null> {
  one.process.kill('SIGTERM');
  const [code] = (await once(one.process, 'close')) as [number | null];
  return code;
}

test('there is one for every service', () => {
  expect(readdirSync(bundles).sort()).toEqual([...services].sort());
});

test.each(['gateway', 'http-caller', 'event-notifier'])('%s carries no database driver', (service) => {
  expect(readFileSync(join(bundles, service, 'main.js'), 'utf8')).not.toMatch(/node_modules\/(mongodb|mongoose)\//);
});

test('the five start apart, serve, and end in order', async () => {
  const five = await Promise.all(
    services.filter((service) => service !== 'standalone').map((service) => start(service)),
  );
  await Promise.all(five.map(untilReady));
  for (const one of five) {
    expect((await fetch(`${one.metricsUrl}/health/live`)).status).toBe(200);
    expect((await fetch(`${one.metricsUrl}/health/startup`)).status).toBe(200);
    expect(await (await fetch(`${one.metricsUrl}/metrics`)).text()).toContain('build_info');
  }
  const [gateway] = five;
  expect(await (await fetch(`${gateway!.apiUrl}/v2/liveness`)).json()).toEqual({ status: 'live' });
  expect(await Promise.all(five.map(end))).toEqual([0, 0, 0, 0, 0]);
}, 90_000);

test('standalone starts all of them in one process', async () => {
  const standalone = await start('standalone', 'start', '--role', 'all');
  await untilReady(standalone);
  expect(await (await fetch(`${standalone.apiUrl}/v2/liveness`)).json()).toEqual({ status: 'live' });
  expect(await end(standalone)).toBe(0);
}, 90_000);

test('a service that is told nothing says all that it lacks', () => {
  const folder = mkdtempSync(join(bundles, 'empty-'));
  cpSync(join(bundles, 'gateway/main.js'), join(folder, 'main.js'));
  const { status, stderr } = spawnSync(process.execPath, ['main.js'], { cwd: folder, env: {}, encoding: 'utf8' });
  expect(status).toBe(78);
  for (const setting of ['STEPWELL_NATS_URL', 'STEPWELL_AUTH_TOKENS', 'STEPWELL_SIGNING_CURRENT_KEY']) {
    expect(stderr).toContain(setting);
  }
});
