import { freePort } from '@stepwell/platform';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Topology } from './stepwell-under-test';
import { isAlive, StepwellUnderTest, TOPOLOGIES } from './stepwell-under-test';
import { until } from './until';
import { WorkflowApp } from './workflow-app';
import { sequential, sleepingFor } from './workflows';

/* `stepwell dev` as the person sees it who types it: what it keeps, what it leaves behind (nothing), what it says no to, and how. */

const NAP_S = 3;
/** A mongod that was told to stop because its parent is dead needs a moment. */
const GONE_WITHIN_MS = 60_000;

const started: StepwellUnderTest[] = [];
const stepwell = (topology: Topology, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): StepwellUnderTest => {
  const made = new StepwellUnderTest(topology, env, args);
  started.push(made);
  return made;
};
const apps: WorkflowApp[] = [];
const appOf = async (engineUrl: string): Promise<WorkflowApp> => {
  const app = new WorkflowApp({ engineUrl });
  apps.push(app);
  app.add('sleeping', sleepingFor);
  app.add('sequential', sequential(2));
  await app.start();
  return app;
};

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await Promise.all(started.splice(0).map((each) => each.remove()));
}, 180_000);

describe.each(TOPOLOGIES)('the data of %s process(es)', (topology) => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'outlive %s, and nothing else does',
    async (signal) => {
      const dev = stepwell(topology);
      await dev.start();
      const app = await appOf(dev.url);
      const runId = await app.trigger('sleeping', { input: NAP_S });
      await until('the first step is done', () => app.journal(runId).executions.size === 1);

      const pids = Object.values(dev.processes());
      expect(pids.length).toBe(topology === 'one' ? 4 : 8);
      if (signal === 'SIGKILL') await dev.killAll(GONE_WITHIN_MS);
      else expect(await dev.stop('SIGINT')).toBe(0);
      expect(pids.filter(isAlive)).toEqual([]);

      await dev.start();
      const log = await app.ended(runId);
      const { sleptMs } = JSON.parse(log.workflowRunResponse ?? '{}') as { sleptMs: number };
      expect([log.workflowState, sleptMs >= NAP_S * 1_000]).toEqual(['RUN_SUCCESS', true]);
      expect(app.journal(runId).repeated).toEqual([]);
    },
    180_000,
  );
});

describe('what it says no to', () => {
  it('is a data folder that another one uses', async () => {
    const dev = stepwell('one');
    await dev.start();
    const before = dev.processes();
    const second = new StepwellUnderTest('one', {}, []);
    const { code, said } = await second.startInVain(['--port', '0', '--data-dir', dev.dataDir]);
    expect([code, said]).toEqual([1, expect.stringContaining(`in use by process ${String(before['stepwell'])}`)]);
    expect(dev.processes()).toEqual(before);
    expect((await fetch(`${dev.url}/v2/liveness`)).status).toBe(200);
    await second.remove();
  }, 120_000);

  it('is a port that is taken, before anything is started', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => holder.once('listening', listening));
    const { port } = holder.address() as { port: number };
    const dev = stepwell('five');
    const { code, said } = await dev.startInVain(['--port', String(port)]);
    expect([code, said]).toEqual([1, expect.stringMatching(new RegExp(`Port ${port} .* in use.*--port`))]);
    expect(existsSync(join(dev.dataDir, 'mongodb'))).toBe(false);
    await new Promise((closed) => holder.close(closed));
  });

  it('is an example that there is not, with the names of those there are', async () => {
    const dev = stepwell('one');
    const { code, said } = await dev.startInVain(['--port', '0', '--example', 'nonsense']);
    expect(code).toBe(1);
    expect(said).toMatch(/no example "nonsense"; there are: .*image-processing.*onboarding.*order-fulfilment/);
    expect(existsSync(join(dev.dataDir, 'mongodb'))).toBe(false);
  });

  it.each(TOPOLOGIES)(
    'is a setting that is wrong, instead of trying for ever (%s)',
    async (topology) => {
      const dev = stepwell(topology, { STEPWELL_AUTH_TOKENS: 'short' });
      const { code, said } = await dev.startInVain(['--port', '0']);
      expect(code).toBe(1);
      expect(said).toMatch(/STEPWELL_AUTH_TOKENS +each token must have/);
      expect(said).toMatch(/cannot start with these settings/);
      expect(Object.values(dev.processes()).filter(isAlive)).toEqual([]);
    },
    180_000,
  );

  it.each([
    [['--port', 'eighty'], 'a port is a number'],
    [['--processes', 'seven'], 'one, five'],
  ])('is %j', async (args, sentence) => {
    const { code, said } = await stepwell('one').startInVain(args);
    expect([code, said]).toEqual([1, expect.stringContaining(sentence)]);
  });
});

it('ends at once when it is told to during its start', async () => {
  const dev = stepwell('five');
  const starting = dev.start().catch(String);
  await until('the first server runs', () => existsSync(join(dev.dataDir, 'mongodb', 'mongod.log')));
  expect(await dev.stop('SIGINT')).toBe(0);
  expect(await starting).toContain('ended with 0');
  expect(Object.values(dev.processes()).filter(isAlive)).toEqual([]);
  // Free again, for all it held.
  await dev.start();
}, 120_000);

describe('the examples', () => {
  it.each(['onboarding', 'image-processing', 'order-fulfilment'])(
    '%s runs to its end',
    async (name) => {
      const dev = stepwell('one', {}, ['--example', name]);
      await dev.start();
      await until('its run has ended', () => /RUN_(SUCCESS|FAILED) after/.test(dev.said));
      expect(dev.said).toContain('RUN_SUCCESS after');
      const example = dev.processes()[`example ${name}`] ?? 0;
      expect(isAlive(example)).toBe(true);
      expect(await dev.stop('SIGINT')).toBe(0);
      expect(isAlive(example)).toBe(false);
    },
    120_000,
  );
});

it('is adopted by QSTASH_DEV=true, on the port that QSTASH_DEV_PORT names', async () => {
  const port = await freePort();
  const dev = stepwell('one', {}, ['--port', String(port)]);
  await dev.start();
  const app = await appOf(dev.url);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(__dirname, 'adopting-client.fixture.cjs'), `${app.url}/sequential`, app.url],
    { env: { ...process.env, QSTASH_DEV: 'true', QSTASH_DEV_PORT: String(port) }, timeout: 90_000 },
  );
  expect(stdout).toContain(`Server already running at ${dev.url}`);
  for (const runId of ['published', 'wfr_triggered'])
    expect((await app.ended(runId)).workflowState).toBe('RUN_SUCCESS');
}, 120_000);
