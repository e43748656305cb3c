import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { until } from './until';

/** The public credentials of `stepwell dev` (protocol.md section 16). */
export const DEV = {
  token: 'eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0=',
  currentSigningKey: 'sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r',
  nextSigningKey: 'sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs',
} as const;

export type Topology = 'one' | 'five';
export const TOPOLOGIES: readonly Topology[] = ['one', 'five'];

const CLI = resolve(__dirname, '../../../../services/standalone/dist/main.js');
const START_LIMIT_MS = 120_000;
/** Whoever has made a mistake is told at once, not after a timeout. */
const REFUSAL_LIMIT_MS = 60_000;

/** `stepwell dev` as a user starts it: the compiled program, real servers, a data folder of its own. */
export class StepwellUnderTest {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'stepwell-e2e-'));
  url = '';
  /** The log itself, for those who believe nothing else. */
  mongoUrl = '';
  /** Run completions on NATS, with the reader's credentials. */
  natsUrl = '';
  private child: ChildProcess | undefined;
  private output = '';

  constructor(
    readonly topology: Topology,
    private readonly env: NodeJS.ProcessEnv = {},
    private readonly moreArgs: readonly string[] = [],
  ) {}

  /** @throws Error with everything it said, when it ends instead. */
  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const child = this.spawn(['--port', port, ...this.moreArgs]);
    try {
      await until(
        'stepwell is ready',
        () => this.output.includes('Stepwell is ready') || child.exitCode !== null,
        START_LIMIT_MS,
      );
    } catch (error) {
      throw new Error(`${String(error)}; it said:\n${this.output}`, { cause: error });
    }
    if (child.exitCode !== null) throw new Error(`stepwell dev ended with ${child.exitCode}:\n${this.output}`);
    this.url = /Stepwell is ready: (\S+)/.exec(this.output)?.[1] ?? '';
    this.mongoUrl = /mongodb:\S+/.exec(this.output)?.[0] ?? '';
    this.natsUrl = /Run completions on NATS: (\S+)/.exec(this.output)?.[1] ?? '';
  }

  /** Starts what has to be refused. @returns its exit code and what it said */
  async startInVain(args: readonly string[] = []): Promise<{ code: number | null; said: string }> {
    const child = this.spawn(args);
    await once(child, 'close', { signal: AbortSignal.timeout(REFUSAL_LIMIT_MS) });
    return { code: child.exitCode, said: this.output };
  }

  /** What it has printed in this life. */
  get said(): string {
    return this.output;
  }

  private spawn(args: readonly string[]): ChildProcess & { stdout: Readable; stderr: Readable } {
    this.output = '';
    const child = spawn(
      process.execPath,
      [CLI, 'dev', '--processes', this.topology, '--data-dir', this.dataDir, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.env } },
    );
    this.child = child;
    mkdirSync(this.dataDir, { recursive: true });
    const log = createWriteStream(this.logFile, { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        log.write(chunk);
      });
    }
    return child;
  }

  /** What it has printed, over all its lives. */
  get logFile(): string {
    return join(this.dataDir, 'output.log');
  }

  /** Who runs now, by name: `engine` or the five services, `mongod`, `nats-server`, and `stepwell` itself. */
  processes(): Record<string, number> {
    return JSON.parse(readFileSync(join(this.dataDir, 'processes.json'), 'utf8')) as Record<string, number>;
  }

  /** SIGKILL, and the pid that died. `stepwell` restarts its children by itself. */
  kill(name: string): number {
    const pid = this.processes()[name];
    if (pid === undefined) throw new Error(`${name} is not running`);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** SIGKILL to `stepwell dev` itself: everything goes with it. Resolves when all of it is gone. */
  async killAll(limitMs = 60_000): Promise<void> {
    const pids = Object.values(this.processes());
    const { child } = this;
    if (!child) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await until('everything is gone', () => pids.every((pid) => !isAlive(pid)), limitMs);
  }

  /** @returns its exit code; null when it wasn't running, or a signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
