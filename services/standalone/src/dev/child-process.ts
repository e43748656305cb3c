import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process that `stepwell dev` keeps running. */
export interface ChildDefinition {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface ChildEvents {
  started(name: string, pid: number): void;
  ended(name: string, how: string, restartInMs: number | undefined): void;
}

const RESTART_MS = { first: 100, most: 5_000 };
/** Lived so long = its next end starts the pauses anew. */
const STEADY_MS = 30_000;
const KILL_AFTER_MS = 45_000;
/** sysexits.h: a wrong configuration doesn't get better by trying again. */
const EX_CONFIG = 78;

/**
 * One child, restarted when it dies. Its standard input is a pipe of ours that closes when we die, however we die: it then stops by
 * itself (STEPWELL_PARENT_PIPE).
 */
export class KeptChild {
  private child: ChildProcess | undefined;
  private stopping = false;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly definition: ChildDefinition,
    private readonly events: ChildEvents,
  ) {}

  start(): void {
    const { name, args, env } = this.definition;
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, {
      env: { ...env, STEPWELL_PARENT_PIPE: 'true' },
      stdio: ['pipe', 'inherit', 'inherit'],
      // A Ctrl-C goes to the whole foreground group: the order of the end is ours to give.
      detached: true,
    });
    this.child = child;
    if (child.pid !== undefined) this.events.started(name, child.pid);
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      this.gone(startedAt, error.message, undefined);
    });
    child.once('exit', (code, signal) => {
      this.gone(startedAt, code === null ? `by ${String(signal)}` : `with code ${code}`, code ?? undefined);
    });
  }

  /** From now on an end is no reason to start it again. */
  expectEnd(): void {
    this.stopping = true;
    clearTimeout(this.timer);
  }

  async stop(): Promise<void> {
    this.expectEnd();
    const { child } = this;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    await exited;
    clearTimeout(kill);
  }

  private gone(startedAt: number, how: string, code: number | undefined): void {
    if (this.stopping) return;
    if (performance.now() - startedAt > STEADY_MS) this.failures = 0;
    const pause = code === EX_CONFIG ? undefined : Math.min(RESTART_MS.most, RESTART_MS.first * 2 ** this.failures);
    this.failures += 1;
    this.events.ended(this.definition.name, how, pause);
    if (pause === undefined) return;
    this.timer = setTimeout(() => {
      this.start();
    }, pause);
  }
}
