import { build } from 'esbuild';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/*
 * What only a real process can show: exit codes, signals, and a parent that dies. The child is `src/testing/example.main.ts`,
 * bundled as images are.
 */

// Below the package, so that the bundle finds its external modules; in `dist`, which nobody commits.
const dist = join(__dirname, '../../dist');
mkdirSync(dist, { recursive: true });
const folder = mkdtempSync(join(dist, 'spec-'));
const main = join(folder, 'main.cjs');
const children = new Set<ChildProcess>();

beforeAll(async () => {
  await build({
    entryPoints: [join(__dirname, '../testing/example.main.ts')],
    outfile: main,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    alias: { '@stepwell/core': join(__dirname, '../../../core/src/index.ts') },
    conditions: ['@stepwell/source'],
    logLevel: 'silent',
  });
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

class Child {
  private readonly child: ChildProcess;
  private output = '';
  private errors = '';
  private readonly exited: Promise<unknown>;

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env.PATH,
        STEPWELL_METRICS_HOST: '127.0.0.1',
        STEPWELL_METRICS_PORT: '0',
        STEPWELL_SHUTDOWN_DELAY: '0s',
        ...env,
      },
      stdio: 'pipe',
    });
    children.add(this.child);
    this.exited = once(this.child, 'exit');
    this.child.stdout?.on('data', (text) => (this.output += String(text)));
    this.child.stderr?.on('data', (text) => (this.errors += String(text)));
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  closePipe(): void {
    this.child.stdin?.end();
  }

  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`exited before "${text}": ${this.output}${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async end(): Promise<{ code: number | null; output: string; errors: string }> {
    await this.exited;
    return { code: this.child.exitCode, output: this.output, errors: this.errors };
  }
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends in order with 0', async (signal) => {
  const child = new Child();
  await child.says('"msg":"started"');
  child.kill(signal);
  const { code, output } = await child.end();
  expect(code).toBe(0);
  expect(output).toMatch(/stopping[^]*intake stopped[^]*connections closed[^]*"msg":"stopped"/);
});

test('a second signal leaves at once with 1', async () => {
  const child = new Child({ EXAMPLE: 'hang-at-end' });
  await child.says('"msg":"started"');
  child.kill('SIGTERM');
  await child.says('"msg":"stopping"');
  child.kill('SIGTERM');
  const { code, output } = await child.end();
  expect(code).toBe(1);
  expect(output).not.toContain('connections closed');
});

test('a signal during the start ends it with 0', async () => {
  const child = new Child({ EXAMPLE: 'hang-at-start' });
  await child.says('connecting');
  child.kill('SIGTERM');
  expect((await child.end()).code).toBe(0);
});

test('a wrong configuration prints every problem and exits with 78', async () => {
  const { code, errors, output } = await new Child({
    STEPWELL_LOG_LEVEL: 'loud',
    STEPWELL_SHUTDOWN_GRACE: 'soon',
    STEPWELL_METRICS_PROT: '1',
    STEPWELL_METRICS_PORT: undefined,
  }).end();
  expect(code).toBe(78);
  expect(errors).toMatch(
    /example: 2 settings are wrong:\n {2}STEPWELL_LOG_LEVEL {7}must be .*\n {2}STEPWELL_SHUTDOWN_GRACE/,
  );
  expect(errors).toContain(
    'STEPWELL_METRICS_PROT is not a setting of this service; did you mean STEPWELL_METRICS_PORT?',
  );
  expect(output).toBe('');
});

test.each([
  ['fail-at-start', 'the start failed'],
  ['throw-later', 'uncaught exception'],
  ['reject-later', 'unhandled rejection'],
])('%s is logged as fatal and exits with 1', async (what, logged) => {
  const { code, output } = await new Child({ EXAMPLE: what }).end();
  expect(code).toBe(1);
  expect(output).toContain(`"msg":"${logged}"`);
  expect(output).toContain('"level":"fatal"');
  expect(output).toContain('"message":"on purpose"');
});

test('a child of a parent ends when the pipe closes', async () => {
  const child = new Child({ STEPWELL_PARENT_PIPE: 'true', STEPWELL_SHUTDOWN_DELAY: '1h' });
  await child.says('"msg":"started"');
  child.closePipe();
  const { code, output } = await child.end();
  expect(code).toBe(0);
  expect(output).toContain('connections closed');
});
