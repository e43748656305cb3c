/**
 * A server as our child, under a supervisor of its own (see supervisor.script.ts).
 *
 * 1. Whoever dies first, parent or supervisor, by whatever signal: the server ends too.
 * 2. `exited` settles only when the server is gone, never merely asked to go.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './process-identity';
import { SUPERVISOR_SCRIPT, type SupervisorReport, type SupervisorTask } from './supervisor.script';

export interface ProcessExit {
  /** `null` when a signal ended it, or when nobody could see how it ended. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Ended by `stop()`. */
  readonly requested: boolean;
}

export interface SupervisedProcess {
  readonly pid: number;
  readonly supervisorPid: number;
  /** Where the server writes what it has to say; the previous run's lies beside it as `.1`. */
  readonly logFile: string;
  readonly exited: Promise<ProcessExit>;
  /** SIGTERM, then SIGKILL after the grace. Resolves when the server is gone. */
  stop(): Promise<ProcessExit>;
  /** Sends a signal, as a test or a chaos tool would; the exit counts as not requested. Default SIGKILL. */
  kill(signal?: NodeJS.Signals): void;
}

export interface SupervisedProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** Default 10 s. With 0 it is killed at once: only for data that nobody needs. */
  readonly graceMs?: number;
  /** Path of a socket whose holder's life bounds the server's, instead of this process's. */
  readonly lifeline?: string;
  readonly removeAfterwards?: string;
}

/** The server's process ended before it was ready. */
export class ServerStartFailed extends Error {
  readonly code = 'SERVER_START_FAILED';
  override readonly name = 'ServerStartFailed';

  constructor(
    message: string,
    readonly exitCode?: number,
  ) {
    super(message);
  }
}

/** @throws ServerStartFailed when the command can't be run at all */
export async function startSupervised(options: SupervisedProcessOptions): Promise<SupervisedProcess> {
  const { command, args, logFile, graceMs = 10_000, lifeline, removeAfterwards } = options;
  const supervisor = spawnSupervisor({ command, args, graceMs, lifeline, removeAfterwards }, logFile);
  const supervisorPid = supervisor.pid;
  const server = await firstReport(supervisor);
  if (supervisorPid === undefined || 'failure' in server) {
    throw new ServerStartFailed(`${command} could not be started: ${'failure' in server ? server.failure : ''}`);
  }
  const { pid, ended } = server;
  let requested = false;
  const exited = ended.then(async (end): Promise<ProcessExit> => {
    if (end === undefined) await endUnsupervised(pid, graceMs);
    return { code: end?.code ?? null, signal: end?.signal ?? null, requested };
  });
  return {
    pid,
    supervisorPid,
    logFile,
    exited,
    stop: () => {
      requested = true;
      supervisor.kill('SIGTERM');
      return exited;
    },
    kill: (signal = 'SIGKILL') => {
      send(pid, signal);
    },
  };
}

/** What a server said last, to be shown when it failed. */
export function tailOf(logFile: string, lines = 5): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

type Supervisor = ChildProcess & { readonly stdout: Readable };
type Ended = Extract<SupervisorReport, { report: 'ended' }>;

function spawnSupervisor(task: SupervisorTask, logFile: string): Supervisor {
  mkdirSync(dirname(logFile), { recursive: true });
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  // To a file and not through us: a server that writes into a dead parent's pipe would die of it before its orderly end.
  const log = openSync(logFile, 'w', 0o600);
  try {
    // Detached, so that Ctrl-C in a terminal reaches us alone and the servers end after those who use them.
    const supervisor = spawn(process.execPath, ['-e', SUPERVISOR_SCRIPT, JSON.stringify(task)], {
      detached: true,
      stdio: [task.lifeline === undefined ? 'pipe' : 'ignore', 'pipe', log],
      env: withoutNodeOptions(process.env),
    });
    if (task.lifeline !== undefined) letGo(supervisor);
    return supervisor as Supervisor;
  } finally {
    closeSync(log);
  }
}

/** Our own debugger, loaders or test flags are not meant for the supervisor. */
function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _ours, ...rest } = env;
  return rest;
}

/** A server that is bound to another lifeline must not keep the process that happened to start it from ending. */
function letGo(supervisor: ChildProcess): void {
  supervisor.unref();
  if (supervisor.stdout instanceof Socket) supervisor.stdout.unref();
}

function firstReport(
  supervisor: Supervisor,
): Promise<{ pid: number; ended: Promise<Ended | undefined> } | { failure: string }> {
  return new Promise((resolveFirst) => {
    const ended = new Promise<Ended | undefined>((resolveEnded) => {
      let end: Ended | undefined;
      createInterface({ input: supervisor.stdout }).on('line', (line) => {
        const report = JSON.parse(line) as SupervisorReport;
        if (report.report === 'started') resolveFirst({ pid: report.pid, ended });
        if (report.report === 'failed') resolveFirst({ failure: report.message });
        if (report.report === 'ended') end = report;
      });
      supervisor.once('error', (error) => {
        resolveFirst({ failure: error.message });
      });
      supervisor.once('close', () => {
        resolveFirst({ failure: 'its supervisor died' });
        resolveEnded(end);
      });
    });
  });
}

/** Its supervisor is dead; without us nobody would end the server any more. */
async function endUnsupervised(pid: number, graceMs: number): Promise<void> {
  send(pid, 'SIGTERM');
  const deadlineMs = performance.now() + graceMs;
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) send(pid, 'SIGKILL');
    await delay(20);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, which is what signals are sent for here.
  }
}
