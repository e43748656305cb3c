import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, homedir, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const RESTATE_VERSION = '1.7.12';
/** One that runs on Node 20: the newest ones need `Promise.withResolvers`. */
export const RESTATE_SDK_VERSION = '1.14.5';

/** What the bench uses of `@restatedev/restate-sdk`, which is no dependency of ours. */
export interface RestateSdk {
  service<Handlers>(definition: { readonly name: string; readonly handlers: Handlers }): unknown;
  /** `Promise.all`, as the SDK has it. */
  readonly RestatePromise: { all<T>(promises: readonly Promise<T>[]): Promise<T[]> };
  /** @returns the port that it listens on */
  serve(options: { readonly services: readonly unknown[]; readonly port: number }): Promise<number>;
}

export interface RestateContext {
  /** Executes it once, and resolves when its result is durable. */
  run<T>(name: string, action: () => T): Promise<T>;
  /** Durable, too. */
  sleep(ms: number): Promise<void>;
}

const FOLDER = `restate-${RESTATE_VERSION}-${RESTATE_SDK_VERSION}`;
const run = promisify(execFile);

/** In a folder of its own, filled by npm at the first time. @throws Error with npm's words when that fails */
export async function installRestate(): Promise<string> {
  const folder = folderOfRestate();
  if (existsSync(folder)) return folder;
  // Filled under another name: what is interrupted is no installation.
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    writeFileSync(join(unfinished, 'package.json'), '{ "private": true }');
    const packages = [
      `@restatedev/restate-server@${RESTATE_VERSION}`,
      `@restatedev/restate-sdk@${RESTATE_SDK_VERSION}`,
    ];
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...packages], {
      cwd: unfinished,
    });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** @param folder as `installRestate` tells. @throws Error when npm has none for this platform */
export const restateServerIn = (folder: string): string =>
  requireIn(folder).resolve(`@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`);

export const restateSdkIn = (folder: string): RestateSdk => requireIn(folder)('@restatedev/restate-sdk') as RestateSdk;

const requireIn = (folder: string): NodeJS.Require => createRequire(join(folder, 'package.json'));

function folderOfRestate(): string {
  const configured = process.env['STEPWELL_CACHE_DIR'] ?? '';
  const cache = configured === '' ? join(homedir(), '.cache', 'stepwell') : configured;
  return join(cache, 'bench', FOLDER);
}
