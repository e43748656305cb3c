import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';

const CRATE = resolve(__dirname, '../../forgetful-fs');
const BUILD_LIMIT_MS = 300_000;
const TRIAL_LIMIT_MS = 10_000;

/** The file system as a program, or why there is none. */
export type ForgetfulProgram = { readonly path: string } | { readonly missing: string };

/**
 * Builds the file system, in a folder under the user's cache that later builds find again, and tries whether it can be mounted here.
 *
 * Synchronous: whether tests are skipped is asked before any of them runs.
 */
export function forgetfulProgram(): ForgetfulProgram {
  if (!existsSync('/dev/fuse')) return { missing: 'there is no /dev/fuse' };
  const built = cargo('build', ['--quiet']);
  if (built !== undefined) return { missing: built };
  const path = join(target(), 'release', 'forgetful-fs');
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-mount-trial-'));
  // Its stdin is at its end, so it mounts, unmounts and ends.
  const { status, stderr } = spawnSync(path, [folder], { input: '', encoding: 'utf8', timeout: TRIAL_LIMIT_MS });
  if (status === 0) rmdirSync(folder);
  return status === 0 ? { path } : { missing: `it can't be mounted here: ${stderr.trim()}` };
}

/** What its own tests complain of; undefined when they pass. */
export function testForgetfulFs(): string | undefined {
  return cargo('test', []);
}

function cargo(command: string, options: readonly string[]): string | undefined {
  mkdirSync(target(), { recursive: true });
  const { status, stdout, stderr, error } = spawnSync(
    'cargo',
    [command, '--release', '--locked', '--target-dir', target(), ...options],
    { cwd: CRATE, encoding: 'utf8', timeout: BUILD_LIMIT_MS },
  );
  if (status === 0) return undefined;
  return error ? `cargo can't be run: ${error.message}` : `cargo ${command} failed: ${stdout}${stderr}`.trim();
}

const target = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stepwell', 'tests', 'forgetful-fs');

/** What a power cut took: files that had been as they are now, 4 KiB pages, and names that had come, gone or changed. */
export interface Loss {
  readonly files: number;
  readonly pages: number;
  readonly names: number;
}

type Program = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable };

/**
 * A disk that forgets what wasn't synced (../../forgetful-fs). It ends with this process, by whatever signal, and its mount with it.
 */
export class ForgetfulDisk {
  private readonly answers: AsyncIterator<string>;

  private constructor(
    private readonly program: Program,
    /** Where it is mounted. */
    readonly path: string,
  ) {
    this.answers = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param path of an existing, empty folder
   * @param ignoreSyncsUnder name of a folder; syncs of it and of what is in it do nothing
   * @throws Error when it can't be mounted
   */
  static async mount(program: string, path: string, ignoreSyncsUnder?: string): Promise<ForgetfulDisk> {
    const options = ignoreSyncsUnder === undefined ? [] : ['--ignore-syncs-under', ignoreSyncsUnder];
    // Detached: Ctrl-C in a terminal is for us, and it unmounts when we are gone.
    const child = spawn(program, [path, ...options], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const disk = new ForgetfulDisk(child, path);
    await disk.expect(/^mounted$/);
    return disk;
  }

  /** Everything that wasn't synced is gone, and what is open on it is lost to whoever has it open. */
  async cut(): Promise<Loss> {
    this.program.stdin.write('cut\n');
    const [, files, pages, names] = await this.expect(/^forgot (\d+) files (\d+) pages (\d+) names$/);
    return { files: Number(files), pages: Number(pages), names: Number(names) };
  }

  /** Makes all of it durable, syncs that are ignored included. */
  async sync(): Promise<void> {
    this.program.stdin.write('sync\n');
    await this.expect(/^synced$/);
  }

  /** What is on it is gone then. */
  async unmount(): Promise<void> {
    if (this.program.exitCode === null && this.program.signalCode === null) {
      const exited = once(this.program, 'exit');
      this.program.stdin.end();
      await exited;
    }
    // Whoever is killed leaves a mount behind.
    if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${this.path} `)) spawnSync('umount', ['-l', this.path]);
  }

  private async expect(answer: RegExp): Promise<RegExpExecArray> {
    const { value, done } = await this.answers.next();
    const match = done === true ? null : answer.exec(value);
    if (!match) throw new Error(`the forgetful file system answered ${done === true ? 'nothing, it ended' : value}`);
    return match;
  }
}
